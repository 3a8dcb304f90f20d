using System.Net;

namespace FlannelPS.SystemTests;

/// <summary>IPv6 inside the udp backend: hosts that have IPv4 among themselves, and carry both.</summary>
public sealed class UdpIPv6Tests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("etcd", "auto")]
    [InlineData("local", "off")]
    public async Task All_pairs_of_three_hosts_ping_over_both_families_where_hosts_have_IPv4_only(string store, string offload)
    {
        using var network = await CreateAsync(hosts: 3, store);
        var nodes = await network.StartAllAsync($"--udp-offload={offload}");
        await network.AssertAllPairsPingAsync(dual: true);

        var env = nodes[0].Env;
        string address = await nodes[0].RunAsync("ip", "addr", "show", "flannel0");
        Assert.Contains($"inet {env.Subnet.BaseAddress}/32 scope global flannel0", address, StringComparison.Ordinal);
        Assert.Contains($"inet6 {env.Subnet6!.Value.BaseAddress}/128 scope global", address, StringComparison.Ordinal);
        Assert.Contains("dev flannel0 proto 70", await nodes[0].RunAsync("ip", "-6", "route", "show", "fd00:42::/48"), StringComparison.Ordinal);
        Assert.Equal(
            $"FLANNEL_NETWORK=10.42.0.0/16\nFLANNEL_SUBNET={env.Gateway}/24\nFLANNEL_IPV6_NETWORK=fd00:42::/48\nFLANNEL_IPV6_SUBNET={env.Gateway6}/64\nFLANNEL_MTU=1472\nFLANNEL_IPMASQ=false\n",
            await File.ReadAllTextAsync(nodes[0].SubnetFile, network.Limit));
        Assert.Equal("4", await nodes[0].StatusAsync("tunnel.routes"));
        if (store == "etcd")
        {
            Assert.All(await network.LeasesAsync(), lease => Assert.Matches("""^\{"PublicIP":"198\.18\.0\.1\d","PublicIPv6":null,"BackendV6Data":\{"Carries":"IPv6"\}\}$""", lease.Value));
        }
    }

    [Theory]
    [InlineData("auto", "auto")]
    [InlineData("auto", "off")]
    [InlineData("off", "auto")]
    public async Task TCP_over_IPv6_arrives_as_it_was_sent_with_right_checksums(string one, string other)
    {
        Assert.SkipUnless(Command.IsThere("tcpdump"), "tcpdump is not installed");
        using var network = await CreateAsync();
        var nodes = new[] { await network.StartAsync(0, $"--udp-offload={one}"), await network.StartAsync(1, $"--udp-offload={other}") };
        await network.WaitForPeersAsync();
        var workloads = nodes.Select(node => node.Host.AttachWorkload(node.Env)).ToList();
        // Only a plain end shows each packet as it came.
        using var capture = other == "off" ? await Capture.StartAsync(nodes[1].Host, "flannel0", network.Limit) : null;
        int length = other == "off" ? 4 << 20 : 32 << 20;
        await Transfer.AssertSameAsync(workloads[0], workloads[1], length, network.Limit, ipv6: true);
        await Transfer.AssertSameAsync(workloads[1], workloads[0], length, network.Limit, ipv6: true);
        await Transfer.AssertSameAsync(nodes[0].Host.Namespace, workloads[1], 2 << 20, network.Limit, port: 5303, ipv6: true);
        foreach (string size in new[] { "56", "1424", "5000" })
        {
            (await workloads[0].Namespace.RunAsync("ping", "-n", "-c", "3", "-i", "0.05", "-s", size, $"{workloads[1].Address6}")).ThrowIfFailed();
        }

        using (var socket = workloads[0].Namespace.Run(() => new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.InterNetworkV6, System.Net.Sockets.SocketType.Dgram, System.Net.Sockets.ProtocolType.Udp)))
        {
            for (int i = 0; i < 3000; i++)
            {
                socket.SendTo(new byte[i % 3 == 0 ? i % 700 : 64], new IPEndPoint(workloads[1].Address6!, 9999));
            }
        }

        if (capture is not null)
        {
            var (packets, wrong) = await capture.StopAsync();
            output.WriteLine(string.Join(", ", packets.Select(entry => $"protocol {entry.Key}: {entry.Value}")));
            Assert.Empty(wrong);
            Assert.True(packets[6] > 5000 && packets[58] > 6 && packets[17] > 1000);
        }

        foreach (var node in nodes)
        {
            foreach (string direction in new[] { "sent", "received" })
            {
                foreach (string reason in new[] { "wrongLength", "badOffload", "oversized", "spoofedSource", "truncated" })
                {
                    Assert.Equal("0", await node.StatusAsync($"tunnel.{direction}.dropped.{reason}"));
                }
            }

            // What the kernel sends by a new device of itself is no matter.
            Assert.Equal("0", await node.StatusAsync("tunnel.received.dropped.notIPv4"));
        }

        if ((one, other) == ("auto", "auto"))
        {
            Assert.NotEqual("0", await nodes[0].StatusAsync("tunnel.sent.merged"));
            Assert.NotEqual("0", await nodes[1].StatusAsync("tunnel.received.merged"));
        }
    }

    [Fact]
    public async Task L16_ICMPv6_errors_reach_the_sender_from_either_end_of_the_tunnel()
    {
        using var network = await CreateAsync();
        var nodes = await network.StartAllAsync();
        var (from, to) = (nodes[0].Host.Workload, nodes[1].Host.Workload);
        IPAddress[] ends = [nodes[0].Env.Subnet6!.Value.BaseAddress, nodes[1].Env.Subnet6!.Value.BaseAddress];
        for (int hops = 2; hops <= 3; hops++)
        {
            string answer = await PingAsync("-t", $"{hops}", $"{to.Address6}");
            Assert.Contains($"From {ends[hops - 2]} icmp_seq=1 Time exceeded: Hop limit", answer, StringComparison.Ordinal);
        }

        Assert.Contains("ttl=60", await PingAsync($"{to.Address6}"), StringComparison.Ordinal);
        Assert.Contains($"From {ends[0]} icmp_seq=1 Destination unreachable: No route", await PingAsync("fd00:42:0:fff0::1"), StringComparison.Ordinal);

        // A way that became narrower: the workload is told, and TCP goes on.
        nodes[0].Host.Namespace.Ip("route replace 198.18.0.12/32 dev eth0 mtu lock 1400");
        Assert.Contains($"From {ends[0]} icmp_seq=1 Packet too big: mtu=1372", await PingAsync("-M", "do", "-s", "1400", $"{to.Address6}"), StringComparison.Ordinal);
        await Transfer.AssertSameAsync(from, to, 8 << 20, network.Limit, ipv6: true);

        // Narrower than IPv6 may be: what has IPv6's least MTU goes in outer fragments.
        nodes[0].Host.Namespace.Ip("route replace 198.18.0.12/32 dev eth0 mtu lock 1300");
        Assert.Contains($"From {ends[0]} icmp_seq=1 Packet too big: mtu=1280", await PingAsync("-M", "do", "-s", "1300", $"{to.Address6}"), StringComparison.Ordinal);
        Assert.Contains("1 received", await PingAsync("-M", "do", "-s", $"{1280 - 48}", $"{to.Address6}"), StringComparison.Ordinal);

        async Task<string> PingAsync(params string[] arguments)
            => (await from.Namespace.RunAsync("ping", ["-n", "-c", "1", "-W", "2", .. arguments])).Output;
    }

    [Fact]
    public async Task R1_R7_The_original_beside_two_of_ours_gets_no_IPv6_packet_and_all_else_goes_on()
    {
        Requires.Flanneld();
        Assert.SkipUnless(Command.IsThere("tcpdump"), "tcpdump is not installed");
        using var network = await Network.CreateAsync("udp", hosts: 3, dual: true);
        var original = await network.StartOriginalAsync(1);
        network.Hosts[1].AttachWorkload(original.Env);
        var nodes = new[] { await network.StartAsync(0), await network.StartAsync(2) };
        foreach (var node in nodes)
        {
            node.Host.AttachWorkload(node.Env);
            // One route for the original, two for the other.
            await node.WaitForStatusAsync("tunnel.routes", "3");
        }

        string seen = Path.Combine(network.Hosts[1].Folder, "seen.pcap");
        using var capture = network.Hosts[1].Start("tcpdump", ["-i", "eth0", "-w", seen, "-U", "-Z", "root", "udp dst port 8285 and udp[8] & 0xf0 = 0x60"]);
        await Poll.UntilAsync("tcpdump", () => capture.Log.Contains("listening on", StringComparison.Ordinal), 10, () => capture.Log);

        await network.AssertAllPairsPingAsync();
        var (first, last) = (nodes[0].Host.Workload, nodes[1].Host.Workload);
        Assert.NotNull(await Traffic.PingAsync(first.Namespace, last.Address6!, Traffic.FullPayload(first, last.Address6!)));
        string told = (await first.Namespace.RunAsync("ping", "-n", "-c", "1", "-W", "2", $"{network.Hosts[1].Workload.Address6}")).Output;
        Assert.Contains("Destination unreachable: No route", told, StringComparison.Ordinal);
        await Transfer.AssertSameAsync(first, network.Hosts[1].Workload, 4 << 20, network.Limit);
        await Transfer.AssertSameAsync(network.Hosts[1].Workload, last, 4 << 20, network.Limit);

        // What comes to be a packet file's header alone has 24 bytes.
        await capture.StopAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(24, new FileInfo(seen).Length);
        Assert.False(original.Daemon.HasEnded, original.Daemon.Log);
        Assert.DoesNotContain("panic", original.Daemon.Log, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task R1_The_original_in_a_network_of_IPv4_is_not_harmed_by_a_lease_of_both_families()
    {
        Requires.Flanneld();
        using var network = await Network.CreateAsync("udp");
        var original = await network.StartOriginalAsync(1);
        network.Hosts[1].AttachWorkload(original.Env);
        await network.Store.PutAsync(Network.Prefix + "/subnets/10.42.222.0-24&fd00:42:0:de::-64", """{"PublicIP":"198.18.0.77","PublicIPv6":null,"BackendV6Data":{"Carries":"IPv6"}}""", network.Limit);
        await Poll.UntilAsync("the original's notice", () => original.Daemon.Log.Contains("Subnet added: 10.42.222.0/24", StringComparison.Ordinal), 10, () => original.Daemon.Log);
        var node = await network.StartAsync(0);
        node.Host.AttachWorkload(node.Env);
        await node.WaitForStatusAsync("tunnel.routes", "2");
        await network.AssertAllPairsPingAsync();
        Assert.False(original.Daemon.HasEnded, original.Daemon.Log);
    }

    [Fact]
    public async Task F30_F03_A_killed_daemon_carries_on_with_both_families_before_the_store_answers()
    {
        using var network = await CreateAsync();
        var nodes = await network.StartAllAsync();
        await Poll.UntilAsync("the peers saved", () => File.ReadAllText($"/var/lib/flannelps/{nodes[0].Host.Name}/peers").Contains("fd00:42:", StringComparison.Ordinal), 10, () => "");
        nodes[0].Daemon.Signal(9);
        await nodes[0].Daemon.WaitForExitAsync(network.Limit);
        network.Members[0].Kill();
        var again = network.Launch(0);
        await again.WaitForLogAsync("Carrying on with the last tunnel and its 1 peers");
        await network.AssertAllPairsPingAsync(dual: true);
    }

    [Theory]
    [InlineData("ip link del flannel0")]
    [InlineData("ip -6 addr flush dev flannel0 scope global")]
    [InlineData("ip -6 route del fd00:42::/48 dev flannel0")]
    public async Task F40_F41_The_IPv6_half_comes_back_too(string command)
    {
        using var network = await CreateAsync();
        var nodes = await network.StartAllAsync();
        string[] words = command.Split(' ');
        await nodes[0].RunAsync(words[0], words[1..]);
        await Poll.UntilAsync("address and route", async () =>
            await nodes[0].RunAsync("ip", "-6", "-o", "addr", "show", "flannel0") is var address && address.Contains($"{nodes[0].Env.Subnet6!.Value.BaseAddress}/128", StringComparison.Ordinal)
            && await nodes[0].RunAsync("ip", "-6", "route", "show", "fd00:42::/48") is var route && route.Contains("dev flannel0", StringComparison.Ordinal)
                ? null : await nodes[0].RunAsync("ip", "addr", "show") + nodes[0].Daemon.Log, 10);
        await network.AssertAllPairsPingAsync(dual: true);
    }

    [Fact]
    public async Task F42_A_host_without_IPv6_that_changes_its_address_carries_both_families_on()
    {
        using var network = await CreateAsync();
        var nodes = await network.StartAllAsync();
        nodes[0].Host.Namespace.Ip("addr del 198.18.0.11/16 dev eth0", "addr add 198.18.9.9/16 dev eth0", "route add default via 198.18.0.1");
        await nodes[0].WaitForStatusAsync("publicIp", "198.18.9.9", 20);
        await Poll.UntilAsync("IPv6 traffic", async () =>
            await Traffic.PingAsync(nodes[1].Host.Workload.Namespace, nodes[0].Host.Workload.Address6!) is null ? "no answer" : null, 20);
        await network.AssertAllPairsPingAsync(dual: true);
        await nodes[0].WaitForStatusAsync("state", "Ready", 20);
        Assert.Contains(await network.LeasesAsync(), lease => lease.Value == """{"PublicIP":"198.18.9.9","PublicIPv6":null,"BackendV6Data":{"Carries":"IPv6"}}""");
    }

    private static async Task<Network> CreateAsync(int hosts = 2, string store = "etcd")
    {
        var network = await Network.CreateAsync(hosts: hosts, store: store, config: Network.Config("udp", dual: true));
        foreach (var host in network.Hosts)
        {
            host.Namespace.Sysctl("net/ipv6/conf/all/forwarding", "1");
        }

        return network;
    }
}
