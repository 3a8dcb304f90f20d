using System.Diagnostics;
using FlannelPS.Lab;

namespace FlannelPS.Engine.Tests.Etcd;

/// <summary>The lab's etcd itself: tests inside network namespaces stand on it.</summary>
public sealed class EtcdServerTests
{
    private static async Task<bool> IpAsync(params string[] arguments)
    {
        using var ip = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
        await ip.WaitForExitAsync(TestContext.Current.CancellationToken);
        return ip.ExitCode == 0;
    }

    [Fact]
    public async Task An_etcd_runs_inside_a_namespace_and_leaves_nothing_behind()
    {
        EtcdFixture.Need();
        var name = $"etcd-{Guid.NewGuid():N}"[..14];
        Assert.SkipUnless(Environment.IsPrivilegedProcess && await IpAsync("netns", "add", name), "network namespaces need root");
        try
        {
            Assert.True(await IpAsync("-n", name, "link", "set", "lo", "up"));
            Assert.True(await IpAsync("-n", name, "address", "add", "10.77.0.1/24", "dev", "lo"));
            int pid;
            await using (var etcd = await EtcdServer.StartAsync(new() { Prefix = ["ip", "netns", "exec", name], Address = "10.77.0.1", ClientPort = 2379 }))
            {
                Assert.Equal("http://10.77.0.1:2379", etcd.Endpoint);
                pid = etcd.Members[0].Pid;
                Assert.NotEqual(new FileInfo("/proc/self/ns/net").LinkTarget, new FileInfo($"/proc/{pid}/ns/net").LinkTarget);
            }
            Assert.False(Directory.Exists($"/proc/{pid}"));
        }
        finally
        {
            await IpAsync("netns", "delete", name);
        }
    }
}
