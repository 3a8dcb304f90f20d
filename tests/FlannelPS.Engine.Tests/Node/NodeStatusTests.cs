using System.Net;
using System.Net.Sockets;
using System.Text;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Node;
using FlannelPS.Engine.Reconcile;

namespace FlannelPS.Engine.Tests.Node;

public sealed class NodeStatusTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    private static NodeStatus Ready { get; } = new(
        NodePhase.Running, "", null, "", null, null, new(LeasePhase.Held, "", null, null), "", null, "", true, ReconcileStatus.None with { IsProgrammed = true }, Now);

    public static TheoryData<string, string> Faults => new()
    {
        { "Store", "Store: no answer" },
        { "Configuration", "Configuration: there is none" },
        { "Interface", "Interface: no such device" },
        { "Device", "Device: no vxlan" },
        { "Conflict", "Lease: Conflict, taken by another" },
        { "Lost", "Lease: Lost" },
        { "Peers", "Peers: under way" },
        { "StoreLost", "Store: connection refused" },
        { "Underlay", "Interface: eth0 is gone" },
        { "SubnetFile", "SubnetFile: read-only file system" },
        { "Kernel", "Kernel: ENOBUFS" },
        { "Loop", "Loop: the firewall failed" },
        { "Saved", "Saved: running with the lease and peers of 2026-11-26 12:00:00 UTC" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task L13_readyz_says_no_with_the_reason(string fault, string reason)
    {
        var status = fault switch
        {
            "Store" => Ready with { Phase = NodePhase.Store, Waiting = "no answer" },
            "Configuration" => Ready with { Phase = NodePhase.Configuration, Waiting = "there is none" },
            "Interface" => Ready with { Phase = NodePhase.Interface, Waiting = "no such device" },
            "Device" => Ready with { Phase = NodePhase.Device, Waiting = "no vxlan" },
            "Peers" => Ready with { Phase = NodePhase.Peers },
            "Conflict" => Ready with { Lease = new(LeasePhase.Conflict, "taken by another", null, null) },
            "Lost" => Ready with { Lease = new(LeasePhase.Lost, "", null, null) },
            "StoreLost" => Ready with { StoreProblem = "connection refused" },
            "Underlay" => Ready with { UnderlayProblem = "eth0 is gone" },
            "SubnetFile" => Ready with { SubnetFileProblem = "read-only file system" },
            "Kernel" => Ready with { Reconcile = Ready.Reconcile with { Problem = "ENOBUFS" } },
            "Loop" => Ready with { LoopProblem = "the firewall failed" },
            _ => Ready with { SavedFrom = Now },
        };
        Assert.StartsWith(reason, Assert.Single(status.NotReady));
        Assert.Contains(reason, Assert.Single(status.Causes));
        Assert.NotEqual("Ready", status.State);
        var word = reason[..reason.IndexOf(':')];
        Assert.Contains(word, Metrics.Reasons);

        await using var server = new HealthServer(new(IPAddress.Loopback, 0), () => true, () => status.NotReady, new LogLines(), TimeProvider.System,
            () => Metrics.Render(new() { Name = "x", LeaseTtlSeconds = 1, Status = status, Leases = LeaseTable.Unknown, Now = Now }));
        var answer = await GetAsync(server.EndPoint, "/readyz");
        Assert.StartsWith("HTTP/1.1 503 ", answer);
        Assert.Contains($"\n{reason}", answer);
        Assert.Contains($"flannelps_not_ready{{reason=\"{word}\"}} 1\n", await GetAsync(server.EndPoint, "/metrics"));
    }

    [Fact]
    public async Task All_reasons_are_told_at_once_and_none_when_there_is_none()
    {
        var status = Ready;
        await using var server = new HealthServer(new(IPAddress.Loopback, 0), () => true, () => status.NotReady, new LogLines(), TimeProvider.System);
        Assert.StartsWith("HTTP/1.1 200 ", await GetAsync(server.EndPoint, "/readyz"));
        Assert.Empty(status.Causes);
        status = status with { StoreProblem = "away", SubnetFileProblem = "full", LoopProblem = "ended", Reconcile = status.Reconcile with { Problem = "EPERM" }, Lease = new(LeasePhase.StoreUnreachable, "late", null, null) };
        Assert.EndsWith("\r\n\r\nflanneld is not ready yet\nLease: StoreUnreachable, late\nStore: away\nSubnetFile: full\nKernel: EPERM\nLoop: ended\n", await GetAsync(server.EndPoint, "/readyz"));
    }

    private static async Task<string> GetAsync(IPEndPoint endPoint, string path)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(endPoint, TestContext.Current.CancellationToken);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(client.GetStream());
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }
}
