using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;

namespace FlannelPS.SystemTests;

/// <summary>The store is away when nodes start: they go on as they were, tell nobody anything, and converge when it is back.</summary>
public sealed partial class SavedStateTests(ITestOutputHelper output)
{
    private const int SIGKILL = 9;

    [Theory]
    [InlineData("vxlan", false)]
    [InlineData("vxlan", true)]
    [InlineData("host-gw", false)]
    [InlineData("udp", false)]
    public async Task F03_F23_After_a_reboot_without_the_store_peers_reach_each_other_and_nothing_is_announced(string backend, bool dual)
    {
        using var network = await Network.CreateAsync(backend, dual: dual);
        var nodes = await network.StartAllAsync();
        await WaitForSavedAsync(network);
        string[] envs = [.. nodes.Select(node => File.ReadAllText(node.SubnetFile))];
        string[] kernels = [await StateAsync(nodes[0]), await StateAsync(nodes[1])];
        var leases = await network.LeasesAsync();
        foreach (var node in nodes)
        {
            await node.Daemon.StopAsync(TimeSpan.FromSeconds(5));
            Reboot(node);
        }

        network.Members[0].Kill();
        var clock = Stopwatch.StartNew();
        nodes = [.. nodes.Select(node => Launch(network, node.Host, "--healthz-port=8111"))];
        await WaitForPairsAsync(network, clock, backend);
        for (int host = 0; host < 2; host++)
        {
            int at = host;
            await Poll.UntilAsync("the subnet file", () => File.Exists(nodes[at].SubnetFile));
            Assert.Equal(envs[host], await File.ReadAllTextAsync(nodes[host].SubnetFile, network.Limit));
            await Poll.UntilAsync("the kernel's state", async () => Snapshot.Difference(kernels[at], await StateAsync(nodes[at])));
        }

        // It says how it stands, everywhere.
        Assert.Equal("StoreUnreachable", await nodes[0].StatusAsync("state"));
        Assert.Equal("False", await nodes[0].StatusAsync("ready"));
        Assert.Equal("StoreUnreachable", await nodes[0].StatusAsync("lease.phase"));
        Assert.Equal("False", await nodes[0].StatusAsync("store.following"));
        Assert.InRange(DateTimeOffset.Parse(await nodes[0].StatusAsync("savedFrom")), DateTimeOffset.UtcNow.AddMinutes(-2), DateTimeOffset.UtcNow);
        Assert.Contains("starting with", nodes[0].Daemon.Log, StringComparison.Ordinal);
        Assert.Contains((await nodes[0].AskAsync("events")).EnumerateArray(), item => item.GetProperty("name").GetString() == "SavedStateUsed");
        using (var http = NamespaceHttp.Create(nodes[0].Host.Namespace))
        using (var answer = await http.GetAsync(new Uri("http://127.0.0.1:8111/readyz"), network.Limit))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Contains("Saved: ", await answer.Content.ReadAsStringAsync(network.Limit), StringComparison.Ordinal);
        }

        // What others change is put right meanwhile.
        string peer = nodes[1].Env.Subnet.ToString();
        if (backend != "udp")
        {
            await nodes[0].RunAsync("ip", "route", "del", peer);
            await Poll.UntilAsync("the route", async () => (await nodes[0].RunAsync("ip", "route", "show", peer)).Length > 0 ? null : "none");
        }

        network.Members[0].Launch();
        await network.Members[0].WaitAsync(network.Limit);
        foreach (var node in nodes)
        {
            await node.WaitForStatusAsync("state", "Ready", 40);
        }

        Assert.False((await nodes[0].AskAsync("status")).TryGetProperty("savedFrom", out _));
        Assert.Equal(leases, await network.LeasesAsync());
        await Poll.UntilAsync("the kernel's state", async () => Snapshot.Difference(kernels[0], await StateAsync(nodes[0])));
        Assert.Equal(envs[0], await File.ReadAllTextAsync(nodes[0].SubnetFile, network.Limit));
        await network.AssertAllPairsPingAsync(dual);
    }

    [Theory]
    [InlineData("vxlan")]
    [InlineData("host-gw")]
    public async Task F03_I3_A_restart_without_the_store_loses_no_probe_and_takes_nothing_away(string backend)
    {
        using var network = await Network.CreateAsync(backend);
        var nodes = await network.StartAllAsync();
        await WaitForSavedAsync(network);
        using var prober = await network.ProbeAsync(nodes[0], nodes[1]);
        nodes[0].Daemon.Signal(SIGKILL);
        await nodes[0].Daemon.WaitForExitAsync(network.Limit);
        network.Members[0].Kill();

        // A peer that came after the last save: who that is only the store can tell.
        string[] other = backend == "vxlan" ? ["10.42.250.0/24", "via", "10.42.250.0", "dev", "flannel.1", "onlink"] : ["10.42.250.0/24", "via", "198.18.0.1"];
        await nodes[0].RunAsync("ip", ["route", "add", .. other, "proto", "70"]);
        string kernel = await nodes[0].SnapshotAsync();
        var again = network.Launch(0);
        await again.WaitForStatusAsync("state", "StoreUnreachable");
        await again.WaitForStatusAsync("kernel.peers", "1");
        await Task.Delay(1000, network.Limit);
        Snapshot.AssertSame(kernel, await again.SnapshotAsync());
        var (there, back) = await prober.StopAsync();
        output.WriteLine($"{there}; {back}");
        Assert.True(there.Lost.Count == 0 && back.Lost.Count == 0, $"{there}; {back}");

        network.Members[0].Launch();
        await network.Members[0].WaitAsync(network.Limit);
        await again.WaitForStatusAsync("state", "Ready", 40);
        await Poll.UntilAsync("the route's end", async () => await again.RunAsync("ip", "route", "show", "10.42.250.0/24") is { Length: > 0 } here ? here : null);
    }

    [Fact]
    public async Task F03_F23_A_subnet_given_away_meanwhile_ends_in_conflict_and_is_not_touched()
    {
        using var network = await Network.CreateAsync(hosts: 1);
        var node = await network.StartAsync(0);
        await WaitForSavedAsync(network);
        string env = await File.ReadAllTextAsync(node.SubnetFile, network.Limit);
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        string key = (await network.LeasesAsync()).Single().Key;
        await network.Store.PutAsync(key, """{"PublicIP":"198.18.0.99","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:00:07"}}""", network.Limit);
        var foreign = await network.LeasesAsync();
        network.Members[0].Kill();
        var again = network.Launch(0);
        await again.WaitForStatusAsync("state", "StoreUnreachable");
        network.Members[0].Launch();
        await network.Members[0].WaitAsync(network.Limit);
        await again.WaitForStatusAsync("state", "Conflict", 40);
        Assert.Contains("Restart this node", await again.StatusAsync("lease.reason"), StringComparison.Ordinal);
        await Task.Delay(1000, network.Limit);
        Assert.Equal(foreign, await network.LeasesAsync());
        Assert.Equal(env, await File.ReadAllTextAsync(again.SubnetFile, network.Limit));

        // What it says helps.
        await again.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        await network.StartAsync(0);
        Assert.Equal(2, (await network.LeasesAsync()).Count);
        Assert.Contains(foreign[0], await network.LeasesAsync());
    }

    [Fact]
    public async Task F03_F23_State_older_than_the_lease_lives_is_not_started_from()
    {
        using var network = await Network.CreateAsync(hosts: 1);
        var node = await network.StartAsync(0, "--subnet-lease-ttl=5");
        await WaitForSavedAsync(network);
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        Reboot(node);
        network.Members[0].Kill();
        await Task.Delay(6000, network.Limit);
        var again = network.Launch(0);
        await again.WaitForLogAsync("has ended meanwhile, and another node may have it");
        await Task.Delay(1000, network.Limit);
        Assert.Equal("Starting", await again.StatusAsync("state"));
        Assert.False(File.Exists(again.SubnetFile));
        Assert.DoesNotContain("flannel.1", await again.RunAsync("ip", "link"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("network", "cut")]
    [InlineData("network", "flipped")]
    [InlineData("network", "another machine's")]
    [InlineData("network", "huge")]
    [InlineData("network", "a link")]
    [InlineData("lease", "flipped")]
    public async Task F63_F04_Damaged_state_is_ignored_with_a_warning_and_the_node_waits_for_the_store(string file, string damage)
    {
        using var network = await Network.CreateAsync(hosts: 1);
        var node = await network.StartAsync(0);
        await WaitForSavedAsync(network);
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        Reboot(node);
        string path = $"/var/lib/flannelps/{node.Host.Name}/{file}";
        byte[] content = await File.ReadAllBytesAsync(path, network.Limit);
        switch (damage)
        {
            case "cut":
                await File.WriteAllBytesAsync(path, content[..^7], network.Limit);
                break;
            case "flipped":
                content[^5] ^= 4;
                await File.WriteAllBytesAsync(path, content, network.Limit);
                break;
            case "another machine's":
                await File.WriteAllTextAsync(path, Machine().Replace(System.Text.Encoding.UTF8.GetString(content), "flannelps-state 1 0123456789abcdef "), network.Limit);
                break;
            case "huge":
                using (var huge = File.OpenWrite(path))
                {
                    huge.SetLength(1L << 30);
                }

                break;
            default:
                File.Move(path, path + ".away");
                File.CreateSymbolicLink(path, path + ".away");
                break;
        }

        network.Members[0].Kill();
        var again = network.Launch(0);
        await again.WaitForLogAsync($"Ignored {path}");
        await Task.Delay(700, network.Limit);
        Assert.Equal("Starting", await again.StatusAsync("state"));
        Assert.False(File.Exists(again.SubnetFile));
        network.Members[0].Launch();
        await network.Members[0].WaitAsync(network.Limit);
        await again.WaitReadyAsync(40);
    }

    [Fact]
    public async Task F03_A_configuration_that_was_removed_is_no_absent_store()
    {
        using var network = await Network.CreateAsync(hosts: 1);
        var node = await network.StartAsync(0);
        await WaitForSavedAsync(network);
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        Reboot(node);
        await network.Store.DeleteAsync(Network.Prefix + "/config", network.Limit);
        var again = network.Launch(0);
        await again.WaitForStatusAsync("reasons", "there is no network configuration");
        await Task.Delay(700, network.Limit);
        Assert.Equal("Starting", await again.StatusAsync("state"));
    }

    // Saving is put off, so that it holds nothing up.
    private static async Task WaitForSavedAsync(Network network)
    {
        foreach (var host in network.Hosts)
        {
            string path = $"/var/lib/flannelps/{host.Name}/network";
            await Poll.UntilAsync(path, async () => File.Exists(path) && (await File.ReadAllTextAsync(path)) is var text
                && network.Hosts.All(other => text.Contains(other.Address.ToString(), StringComparison.Ordinal)) ? null : "not all leases yet", 30);
        }
    }

    /// <summary>What a reboot does to a host: the kernel's state and /run are gone; the workload is put back by whoever runs it.</summary>
    private static void Reboot(Node node)
    {
        foreach (string device in new[] { "flannel.1", "flannel-v6.1", "flannel0" })
        {
            Command.Run("ip", "-n", node.Host.Name, "link", "del", device);
        }

        foreach (string family in new[] { "-4", "-6" })
        {
            Command.Run("ip", "-n", node.Host.Name, family, "route", "flush", "proto", "70");
        }

        File.Delete(node.SubnetFile);
    }

    /// <summary>Starts a daemon under another boot id.</summary>
    private static Node Launch(Network network, Host host, params string[] flags)
    {
        string boot = Path.Combine(host.Folder, "boot_id");
        File.WriteAllText(boot, Guid.NewGuid().ToString() + "\n");
        string[] arguments =
        [
            "-m", "sh", "-c", """mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@" """, boot, Programs.Flannelpsd,
            $"--etcd-endpoints={network.Endpoints}", "--iface=eth0", $"--subnet-file={host.SubnetFile}", $"--name={host.Name}", .. flags,
        ];
        return new(host, host.Start("unshare", arguments), network.Limit);
    }

    /// <summary>The kernel's state without what a new device has anew.</summary>
    private static async Task<string> StateAsync(Node node) => string.Join('\n', (await Task.WhenAll(
        node.RunAsync("ip", "route"), node.RunAsync("ip", "-6", "route", "show", "proto", "70"), node.RunAsync("ip", "neigh", "show", "nud", "permanent"),
        node.RunAsync("ip", "-br", "addr"), node.RunAsync("bridge", "fdb", "show"))).SelectMany(text => text.Split('\n')).Where(line => !line.Contains("33:33", StringComparison.Ordinal) && !line.Contains("01:00:5e", StringComparison.Ordinal))
        .Select(line => LinkLocal().Replace(line, "").TrimEnd()).Order(StringComparer.Ordinal));

    private async Task WaitForPairsAsync(Network network, Stopwatch clock, string what)
    {
        var workloads = network.Hosts.Select(host => host.Workload).ToList();
        await Poll.UntilAsync("traffic", async () => await Traffic.PingAsync(workloads[0].Namespace, workloads[1].Address, wait: TimeSpan.FromMilliseconds(50)) is null ? "no answer" : null, 15);
        output.WriteLine($"{what}: peers reach each other {clock.ElapsedMilliseconds} ms after the daemons' start");
        await network.AssertAllPairsPingAsync();
    }

    [GeneratedRegex("^flannelps-state 1 [0-9a-f-]+ ")]
    private static partial Regex Machine();

    [GeneratedRegex(@"fe80::\S+")]
    private static partial Regex LinkLocal();
}
