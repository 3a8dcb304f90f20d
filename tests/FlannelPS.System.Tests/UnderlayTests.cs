using System.Diagnostics;

namespace FlannelPS.SystemTests;

/// <summary>The host's way to others changes while the node runs: everything follows, and the subnet stays.</summary>
public sealed class UnderlayTests(ITestOutputHelper output)
{
    private const string Moved = "198.18.9.9";
    private static readonly string[] Backends = ["vxlan", "host-gw", "udp"];

    public static TheoryData<string> AllBackends => [.. Backends];

    [Theory, MemberData(nameof(AllBackends))]
    public async Task F42_R11_A_new_address_is_told_in_the_same_lease_and_device_and_peers_follow(string backend)
    {
        using var network = await Network.CreateAsync(backend, hosts: 3);
        var nodes = await network.StartAllAsync();
        var before = await LeaseOfAsync(network, nodes[0]);
        string mac = backend == "vxlan" ? await nodes[0].StatusAsync("vtepMac") : "";
        string env = await File.ReadAllTextAsync(nodes[0].SubnetFile, network.Limit);

        nodes[0].Host.Namespace.Ip("addr del 198.18.0.11/16 dev eth0", $"addr add {Moved}/16 dev eth0", "route add default via 198.18.0.1");
        await WaitForPairsAsync(network, $"{backend}, another address");

        var after = await LeaseOfAsync(network, nodes[0]);
        Assert.Equal(before.Value.Replace("198.18.0.11", Moved, StringComparison.Ordinal), after.Value);
        Assert.Equal((before.Key, before.Lease, before.CreateRevision), (after.Key, after.Lease, after.CreateRevision));
        Assert.Equal(3, (await network.LeasesAsync()).Count);
        Assert.Equal(env, await File.ReadAllTextAsync(nodes[0].SubnetFile, network.Limit));
        Assert.Equal(Moved, await nodes[0].StatusAsync("address"));
        Assert.Equal(Moved, await nodes[0].StatusAsync("publicIp"));
        await nodes[0].WaitForStatusAsync("state", "Ready");
        await nodes[0].WaitForLogAsync($"address 198.18.0.11 to {Moved}");
        if (backend == "vxlan")
        {
            Assert.Equal(mac, await nodes[0].StatusAsync("vtepMac"));
            Assert.Contains($"local {Moved} dev eth0", await nodes[0].RunAsync("ip", "-d", "link", "show", "flannel.1"), StringComparison.Ordinal);
            Assert.Contains(mac, await nodes[0].RunAsync("ip", "link", "show", "flannel.1"), StringComparison.Ordinal);
            Assert.DoesNotContain("198.18.0.11", await nodes[1].RunAsync("bridge", "fdb", "show", "dev", "flannel.1"), StringComparison.Ordinal);
        }

        // Whoever restarts finds the lease by its identity, and writes nothing.
        await nodes[0].Daemon.StopAsync(TimeSpan.FromSeconds(5));
        await network.StartAsync(0);
        Assert.Equal(after, await LeaseOfAsync(network, nodes[0]));
    }

    [Theory]
    [InlineData("vxlan")]
    [InlineData("host-gw")]
    public async Task F42_Both_families_are_followed_each_by_itself(string backend)
    {
        using var network = await Network.CreateAsync(backend, dual: true);
        var nodes = await network.StartAllAsync();
        var before = await LeaseOfAsync(network, nodes[0]);
        string old = nodes[0].Host.Address6!.ToString(), moved = "fd00:198:18::99";
        nodes[0].Host.Namespace.Ip($"addr add {moved}/64 dev eth0 nodad", $"addr del {old}/64 dev eth0");
        await Poll.UntilAsync("the lease", async () => await LeaseOfAsync(network, nodes[0]) is var lease && lease.Value == before.Value.Replace(old, moved, StringComparison.Ordinal) ? null : lease.Value);
        await WaitForPairsAsync(network, $"{backend}, another IPv6 address", ipv6: true);
        await network.AssertAllPairsPingAsync(dual: true);
        Assert.Equal("198.18.0.11", await nodes[0].StatusAsync("publicIp"));
        Assert.Equal(moved, await nodes[0].StatusAsync("publicIpV6"));

        // Without one of the two it says so, and the other goes on.
        nodes[0].Host.Namespace.Ip($"addr flush dev eth0 to {moved}/128");
        await nodes[0].WaitForStatusAsync("reasons", "no usable IPv6 address");
        await network.AssertAllPairsPingAsync();
        nodes[0].Host.Namespace.Ip($"addr add {moved}/64 dev eth0 nodad");
        await WaitForPairsAsync(network, $"{backend}, the IPv6 address again", ipv6: true);
        await nodes[0].WaitForStatusAsync("state", "Ready");
    }

    [Theory, MemberData(nameof(AllBackends))]
    public async Task F42_I5_A_new_mtu_of_the_interface_goes_through_to_device_and_subnet_file(string backend)
    {
        using var network = await Network.CreateAsync(backend);
        var nodes = await network.StartAllAsync();
        int mtu = nodes[0].Env.Mtu;
        foreach (int step in new[] { -100, 0 })
        {
            nodes[0].Host.Namespace.Ip($"link set eth0 mtu {1500 + step}");
            var took = await Poll.UntilAsync("the subnet file's MTU", () => nodes[0].Env.Mtu == mtu + step, 10, () => nodes[0].Env.Mtu.ToString());
            output.WriteLine($"{backend}: the subnet file tells {mtu + step} after {took.TotalMilliseconds:F0} ms");
            string device = backend switch { "vxlan" => "flannel.1", "udp" => "flannel0", _ => "eth0" };
            Assert.Contains($" mtu {mtu + step} ", await nodes[0].RunAsync("ip", "link", "show", device), StringComparison.Ordinal);
            Assert.Equal($"{mtu + step}", await nodes[0].StatusAsync("mtu"));
        }

        await network.AssertAllPairsPingAsync();
        Assert.Single(await network.LeasesAsync(), lease => lease.Key.EndsWith(nodes[0].Env.Key, StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(AllBackends))]
    public async Task F42_An_interface_that_goes_is_told_of_and_one_made_anew_is_taken_while_the_lease_lives_on(string backend)
    {
        using var network = await Network.CreateAsync(backend, hosts: 3);
        var nodes = await network.StartAllAsync("--subnet-lease-ttl=6");
        var before = await LeaseOfAsync(network, nodes[0]);
        string peer = await nodes[1].SnapshotAsync();

        nodes[0].Host.Namespace.Ip("link del eth0");
        await nodes[0].WaitForStatusAsync("reasons", "The interface eth0 is gone");
        Assert.Equal("Degraded", await nodes[0].StatusAsync("state"));
        await nodes[0].WaitForLogAsync("The interface eth0 is gone");
        Snapshot.AssertSame(peer, await nodes[1].SnapshotAsync());

        // It comes with another index; in between the store cannot be reached either.
        Join(network, nodes[0].Host, "eth0", Host1);
        await WaitForPairsAsync(network, $"{backend}, an interface made anew");
        await nodes[0].WaitForStatusAsync("state", "Ready", 20);
        var after = await LeaseOfAsync(network, nodes[0]);
        Assert.Equal((before.Key, before.Value), (after.Key, after.Value));
        await Task.Delay(7000, network.Limit);
        Assert.Equal(3, (await network.LeasesAsync()).Count);
    }

    [Fact]
    public async Task F42_The_lease_is_renewed_while_there_is_no_interface()
    {
        using var network = await Network.CreateAsync(hosts: 1);
        var host = network.Hosts[0];

        // The store stays in reach by another way.
        Join(network, host, "eth9", "198.19.0.11/16", 50);
        network.Underlay.Bridge.Ip("addr add 198.19.0.1/16 dev br0");
        host.Namespace.Ip("route add 198.18.0.1/32 via 198.19.0.1");
        var node = await network.StartAsync(0, "--subnet-lease-ttl=5");
        var before = (await network.LeasesAsync()).Single();
        host.Namespace.Ip("link del eth0");
        await node.WaitForStatusAsync("reasons", "eth0 is gone");
        await Task.Delay(8000, network.Limit);
        Assert.Equal(before, (await network.LeasesAsync()).Single());
        Assert.Equal("Held", await node.StatusAsync("lease.phase"));
    }

    [Theory, MemberData(nameof(AllBackends))]
    public async Task F42_Where_no_interface_is_named_the_address_is_followed_to_a_bridge_over_it(string backend)
    {
        using var network = await Network.CreateAsync(backend);
        var host = network.Hosts[0];
        var daemon = host.Start(Programs.Flannelpsd, [$"--etcd-endpoints={network.Endpoints}", $"--subnet-file={host.SubnetFile}", $"--name={host.Name}"]);
        var node = new Node(host, daemon, network.Limit);
        await node.WaitReadyAsync();
        var other = await network.StartAsync(1);
        await node.WaitForPeersAsync(1);
        host.AttachWorkload(node.Env);
        other.Host.AttachWorkload(other.Env);
        var before = await LeaseOfAsync(network, node);

        host.Namespace.Ip(
            "link add br-host type bridge", "link set br-host up", "link set eth0 master br-host", "addr del 198.18.0.11/16 dev eth0",
            "addr add 198.18.0.11/16 dev br-host", "route add default via 198.18.0.1");
        await WaitForPairsAsync(network, $"{backend}, the address on a bridge");
        await node.WaitForStatusAsync("interface", "br-host");
        Assert.Equal(before, await LeaseOfAsync(network, node));
        await node.WaitForStatusAsync("state", "Ready");
    }

    [Theory, MemberData(nameof(AllBackends))]
    public async Task F42_After_a_flapping_carrier_and_an_interface_set_down_traffic_flows_again(string backend)
    {
        using var network = await Network.CreateAsync(backend);
        var nodes = await network.StartAllAsync();
        var before = await LeaseOfAsync(network, nodes[0]);
        for (int time = 0; time < 5; time++)
        {
            network.Underlay.Bridge.Ip("link set p1 down");
            await Task.Delay(50, network.Limit);
            network.Underlay.Bridge.Ip("link set p1 up");
        }

        await WaitForPairsAsync(network, $"{backend}, five flaps of the carrier");
        nodes[0].Host.Namespace.Ip("link set eth0 down");
        await Task.Delay(2000, network.Limit);
        nodes[0].Host.Namespace.Ip("link set eth0 up", "route add default via 198.18.0.1");
        await WaitForPairsAsync(network, $"{backend}, set down and up");
        var after = await LeaseOfAsync(network, nodes[0]);
        Assert.Equal((before.Key, before.Value, before.CreateRevision), (after.Key, after.Value, after.CreateRevision));
    }

    [Fact]
    public async Task F42_A_public_address_that_was_named_stays_as_said()
    {
        using var network = await Network.CreateAsync(hosts: 1);
        var node = await network.StartAsync(0, "--public-ip=192.0.2.77");
        var before = (await network.LeasesAsync()).Single();
        node.Host.Namespace.Ip("addr del 198.18.0.11/16 dev eth0", $"addr add {Moved}/16 dev eth0", "route add default via 198.18.0.1");
        await node.WaitForStatusAsync("address", Moved);
        await Poll.UntilAsync("the device's end", async () => await node.RunAsync("ip", "-d", "link", "show", "flannel.1") is var link
            && link.Contains($"local {Moved}", StringComparison.Ordinal) ? null : link);
        Assert.Equal("192.0.2.77", await node.StatusAsync("publicIp"));
        Assert.Equal(before, (await network.LeasesAsync()).Single());
    }

    [Fact]
    public async Task F42_R11_A_key_that_was_overwritten_is_not_written_when_the_address_changes()
    {
        using var network = await Network.CreateAsync(hosts: 1);
        var node = await network.StartAsync(0);
        string key = (await network.LeasesAsync()).Single().Key;
        await network.Store.PutAsync(key, """{"PublicIP":"198.18.0.99","PublicIPv6":null,"BackendType":"host-gw"}""", network.Limit);
        await node.WaitForStatusAsync("lease.phase", "Conflict");
        var foreign = (await network.LeasesAsync()).Single();
        node.Host.Namespace.Ip("addr del 198.18.0.11/16 dev eth0", $"addr add {Moved}/16 dev eth0", "route add default via 198.18.0.1");
        await node.WaitForStatusAsync("address", Moved);
        await Task.Delay(1000, network.Limit);
        Assert.Equal(foreign, (await network.LeasesAsync()).Single());
    }

    private const string Host1 = "198.18.0.11/16";

    // As the lab joins a host.
    private static void Join(Network network, Host host, string device, string address, int number = 1)
    {
        network.Underlay.Bridge.Ip($"link add p{number} mtu 1500 type veth peer name {device} mtu 1500 netns {host.Name}", $"link set p{number} master br0 up");
        host.Namespace.Ip($"addr add {address} dev {device}", $"link set {device} up");
        if (device == "eth0")
        {
            host.Namespace.Ip("route add default via 198.18.0.1");
        }
    }

    private static async Task<EtcdKey> LeaseOfAsync(Network network, Node node)
    {
        string key = node.Env.Key;
        return (await network.LeasesAsync()).Single(lease => lease.Key.Contains($"/{key}", StringComparison.Ordinal));
    }

    /// <summary>Waits until all workloads reach each other, and tells how long that took since the interface was usable: 5 s are promised (F42).</summary>
    private async Task WaitForPairsAsync(Network network, string what, bool ipv6 = false)
    {
        var clock = Stopwatch.StartNew();
        var workloads = network.Hosts.Select(host => host.Workload).ToList();
        await Poll.UntilAsync($"{what}: traffic", async () => (await Traffic.PingAllAsync(workloads, full: false, ipv6)) is var rows
            && rows.Index().All(row => row.Item.Index().All(cell => row.Index == cell.Index || cell.Item is not null)) ? null : "some pairs get no answer", 15);
        output.WriteLine($"{what}: all pairs answer {clock.ElapsedMilliseconds} ms later");
        await network.AssertAllPairsPingAsync();
    }
}
