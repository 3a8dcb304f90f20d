using System.Diagnostics;
using System.Text;

namespace FlannelPS.SystemTests;

/// <summary>Garbage beside good leases: each bad key is named with its reason, and costs nobody anything.</summary>
public sealed class HostileKeysTests(ITestOutputHelper output)
{
    private const string Subnets = Network.Prefix + "/subnets/";
    private const string Good = """{"PublicIP":"198.18.0.99","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:00:63"}}""";

    [Fact]
    public async Task L1_Q1_F66_F67_F68_Bad_keys_cost_no_probe_and_no_peer_and_are_listed_with_their_reasons()
    {
        using var network = await Network.CreateAsync(hosts: 3);
        var nodes = await network.StartAllAsync();
        string kernel = await nodes[0].SnapshotAsync();
        using var prober = await network.ProbeAsync(nodes[0], nodes[1]);

        var bad = Keys(nodes[0]).ToList();
        foreach (var (key, value) in bad)
        {
            await network.Store.PutAsync(Subnets + key, value, network.Limit);
        }

        await network.Store.PutAsync(Network.Prefix + "/subnets-x/10.42.250.0-24", Good, network.Limit); // not below subnets/
        IReadOnlyDictionary<string, string> refused = new Dictionary<string, string>();
        await Poll.UntilAsync("all bad keys listed", async () =>
        {
            refused = await nodes[0].RefusedAsync();
            return string.Join(' ', bad.Select(pair => Subnets + Escaped(pair.Key)).Except(refused.Keys)) is { Length: > 0 } missing ? missing : null;
        });
        Assert.Equal(bad.Count, refused.Count);
        foreach (var (key, reason) in refused)
        {
            output.WriteLine($"{key[Subnets.Length..]}: {reason}");
            Assert.NotEmpty(reason);
            Assert.DoesNotContain('\n', reason);
        }

        // Deleting garbage is an event too (Q-1).
        await network.Store.DeleteAsync(Subnets + "garbage", network.Limit);
        await Poll.UntilAsync("the deleted one gone", async () => (await nodes[0].RefusedAsync()).ContainsKey(Subnets + "garbage") ? "still there" : null);
        Snapshot.AssertSame(kernel, await nodes[0].SnapshotAsync());
        Assert.Equal("2", await nodes[0].StatusAsync("kernel.peers"));

        using var monitor = new KernelMonitor(nodes[0].Host.Namespace, 10);
        long put = Stopwatch.GetTimestamp();
        await network.Store.PutAsync(Subnets + "10.42.251.0-24", Good, network.Limit);
        long stood = await monitor.WaitForRouteAsync(System.Net.IPAddress.Parse("10.42.251.0"), network.Limit);
        output.WriteLine($"the next good lease stood {Stopwatch.GetElapsedTime(put, stood).TotalMilliseconds:F1} ms after its put began");

        var (there, back) = await prober.StopAsync();
        Assert.True(there.Lost.Count == 0 && back.Lost.Count == 0, $"{there}; {back}");
        Assert.Equal("Ready", await nodes[0].StatusAsync("state"));
        foreach (var node in nodes)
        {
            Assert.False(node.Daemon.HasEnded, node.Daemon.Log);
        }
    }

    [Fact]
    public async Task F66_Bad_keys_that_are_there_before_the_start_keep_nobody_from_starting()
    {
        using var network = await Network.CreateAsync();
        await network.Store.PutAsync(Subnets + "garbage", "x", network.Limit);
        await network.Store.PutAsync(Subnets + "0.0.0.0-0", Good, network.Limit);
        await network.Store.PutAsync(Subnets + "10.42.200.0-24", "not json", network.Limit);
        var nodes = await network.StartAllAsync();
        Assert.Equal(3, (await nodes[0].RefusedAsync()).Count);
        await network.AssertAllPairsPingAsync();

        // Nor from having its own lease again (F20).
        string own = Subnets + nodes[0].Env.Key;
        await network.Store.DeleteAsync(own, network.Limit);
        await Poll.UntilAsync("the lease again", async () => (await network.LeasesAsync()).Any(lease => lease.Key == own) ? null : await nodes[0].StatusAsync("lease.reason"), 3);
    }

    [Fact]
    public async Task F47_Of_two_hosts_with_one_vtep_mac_the_newer_lease_is_programmed_and_the_older_reported()
    {
        using var network = await Network.CreateAsync(hosts: 1);
        var node = await network.StartAsync(0);
        await network.Store.PutAsync(Subnets + "10.42.210.0-24", Good, network.Limit);
        await node.WaitForPeersAsync(1);
        await network.Store.PutAsync(Subnets + "10.42.211.0-24", Good.Replace("198.18.0.99", "198.18.0.98", StringComparison.Ordinal), network.Limit);
        await Poll.UntilAsync("the older one refused", async () => (await node.RefusedAsync()).ContainsKey(Subnets + "10.42.210.0-24") ? null : "not yet");

        string routes = await node.RunAsync("ip", "route");
        Assert.DoesNotContain("10.42.210.0", routes, StringComparison.Ordinal);
        Assert.Contains("10.42.211.0/24", routes, StringComparison.Ordinal);
        Assert.Contains("02:00:00:00:00:63 dst 198.18.0.98", await node.RunAsync("bridge", "fdb", "show", "dev", "flannel.1"), StringComparison.Ordinal);

        await network.Store.DeleteAsync(Subnets + "10.42.211.0-24", network.Limit);
        await Poll.UntilAsync("the older one's turn", async () => (await node.RunAsync("ip", "route")).Contains("10.42.210.0/24", StringComparison.Ordinal) ? null : "not yet");
    }

    // Control characters never reach a terminal.
    private static string Escaped(string key) => key.Replace("\n", @"\u000a", StringComparison.Ordinal).Replace("\u001b", @"\u001b", StringComparison.Ordinal);

    private static IEnumerable<KeyValuePair<string, byte[]>> Keys(Node own)
    {
        int next = 200;
        string Free() => $"10.42.{next++}.0-24";
        static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);
        static string With(string mac, string ip = "198.18.0.77", string vni = "1") =>
            $$$"""{"PublicIP":"{{{ip}}}","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":{{{vni}}},"VtepMAC":"{{{mac}}}"}}""";
        string mac = "02:00:00:00:00:4d";

        // Values that are no leases.
        string[] values =
        [
            "", "not json", "[]", "null", "42", "{", """{"PublicIP":null}""", """{"PublicIP":""}""", """{"PublicIP":"fd00::1"}""",
            new string('[', 100_000), $$"""{"PublicIP":"198.18.0.77","x":"{{new string('a', 1_000_000)}}"}""",
        ];
        foreach (string value in values)
        {
            yield return new(Free(), Text(value));
        }

        yield return new(Free(), [0xff, 0xfe, 0x00, 0x80]);
        yield return new(Free(), [0]);

        // Leases that are no peers.
        string[] peers =
        [
            With("00:00:00:00:00:00"), With("ff:ff:ff:ff:ff:ff"), With("01:00:5e:00:00:01"), With("02:00:00:00:00"), With(string.Join(':', Enumerable.Repeat("02", 20))), With("junk"),
            With(mac, vni: "2"), With(mac, vni: "\"1\""), With(mac, vni: "-1"), With(mac, vni: "99999999999999999999"),
            With(mac, ip: "0.0.0.0"), With(mac, ip: own.Host.Address.ToString()), With(mac, ip: "224.0.0.1"), With(mac, ip: "10.42.9.9"), With(mac, ip: "127.0.0.1"), With(mac, ip: "255.255.255.255"),
            """{"PublicIP":"198.18.0.77","PublicIPv6":null}""",
            """{"PublicIP":"198.18.0.77","PublicIPv6":null,"BackendType":"host-gw"}""",
            """{"PublicIP":"198.18.0.77","PublicIPv6":null,"BackendType":"vxlan"}""",
            """{"PublicIP":"198.18.0.77","PublicIPv6":null,"BackendType":"vxlan","BackendData":"x"}""",
        ];
        foreach (string value in peers)
        {
            yield return new(Free(), Text(value));
        }

        // Keys that are no subnets of this network, with a value that would do.
        string ownHalf = $"{own.Env.Subnet.BaseAddress}-25";
        string[] keys =
        [
            "garbage", "0.0.0.0-0", "10.99.1.0-24", "198.18.0.0-16", "127.0.0.0-8", "224.0.0.0-4", "10.42.0.0-16", "10.42.249.0-25", "10.42.249.0-33", "10.42.249.0/24",
            "foo10.42.249.0-24", "10.42.249.7-24", "10.42.249.0-24/x", ownHalf, "../config", "a\nb\u001b[31m",
        ];
        foreach (string key in keys)
        {
            yield return new(key, Text(With(mac)));
        }
    }
}
