using System.Net;

namespace FlannelPS.SystemTests;

/// <summary>The udp backend as a network of hosts, alone and together with the original.</summary>
public sealed class UdpTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("etcd", "auto")]
    [InlineData("etcd", "off")]
    [InlineData("local", "auto")]
    public async Task All_pairs_of_three_hosts_ping_and_what_stands_is_as_the_originals(string store, string offload)
    {
        using var network = await Network.CreateAsync("udp", hosts: 3, store);
        var nodes = await network.StartAllAsync($"--udp-offload={offload}");
        await network.AssertAllPairsPingAsync();

        string address = await nodes[0].RunAsync("ip", "-d", "addr", "show", "flannel0");
        Assert.Contains($"inet {nodes[0].Env.Subnet.BaseAddress}/32 scope global flannel0", address, StringComparison.Ordinal);
        Assert.Contains("<POINTOPOINT,MULTICAST,NOARP,UP,LOWER_UP> mtu 1472", address, StringComparison.Ordinal);
        Assert.Contains($"tun type tun pi off vnet_hdr {(offload == "auto" ? "on" : "off")} persist on", address, StringComparison.Ordinal);
        Assert.Equal("10.42.0.0/16 dev flannel0 proto 70", (await nodes[0].RunAsync("ip", "route", "show", "10.42.0.0/16")).Trim());
        Assert.Equal($"FLANNEL_NETWORK=10.42.0.0/16\nFLANNEL_SUBNET={nodes[0].Env.Gateway}/24\nFLANNEL_MTU=1472\nFLANNEL_IPMASQ=false\n", await File.ReadAllTextAsync(nodes[0].SubnetFile, network.Limit));
        Assert.Equal("2", await nodes[0].StatusAsync("tunnel.routes"));
        output.WriteLine(await nodes[0].StatusAsync("tunnel"));
    }

    [Theory]
    [InlineData(true, "auto")]
    [InlineData(false, "auto")]
    [InlineData(true, "off")]
    public async Task R7_In_a_mixed_cluster_all_pairs_ping_and_TCP_arrives_as_it_was_sent(bool originalFirst, string offload)
    {
        Requires.Flanneld();
        using var network = await Network.CreateAsync("udp", hosts: 3);
        var envs = new List<SubnetEnv>();
        var ours = new List<Node>();
        for (int host = 0; host < 3; host++)
        {
            if (host % 2 == 0 == originalFirst)
            {
                envs.Add((await network.StartOriginalAsync(host)).Env);
            }
            else
            {
                ours.Add(await network.StartAsync(host, $"--udp-offload={offload}"));
                envs.Add(ours[^1].Env);
            }

            network.Hosts[host].AttachWorkload(envs[host]);
            await Task.Delay(300, network.Limit);
        }

        foreach (var node in ours)
        {
            await node.WaitForStatusAsync("tunnel.routes", "2");
        }

        await network.AssertAllPairsPingAsync();
        Assert.All(await network.LeasesAsync(), lease => Assert.Matches("""^\{"PublicIP":"198\.18\.0\.1\d","PublicIPv6":null\}$""", lease.Value));
        var workloads = network.Hosts.Select(host => host.Workload).ToList();
        foreach (var (from, to) in new[] { (0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1) })
        {
            await Transfer.AssertSameAsync(workloads[from], workloads[to], 8 << 20, network.Limit);
        }
    }

    [Theory]
    [InlineData("auto", "auto")]
    [InlineData("auto", "off")]
    [InlineData("off", "auto")]
    [InlineData("off", "off")]
    public async Task TCP_arrives_as_it_was_sent_with_super_packets_and_without(string one, string other)
    {
        using var network = await Network.CreateAsync("udp");
        var nodes = new[] { await network.StartAsync(0, $"--udp-offload={one}"), await network.StartAsync(1, $"--udp-offload={other}") };
        await network.WaitForPeersAsync();
        var workloads = nodes.Select(node => node.Host.AttachWorkload(node.Env)).ToList();
        await Task.WhenAll(
            Transfer.AssertSameAsync(workloads[0], workloads[1], 48 << 20, network.Limit, port: 5301),
            Transfer.AssertSameAsync(workloads[1], workloads[0], 48 << 20, network.Limit, port: 5302));
        // From the hosts themselves too: there the kernel leaves checksums and cutting to the device.
        await Transfer.AssertSameAsync(nodes[0].Host.Namespace, workloads[1], 16 << 20, network.Limit, port: 5303);
        foreach (var node in nodes)
        {
            foreach (string direction in new[] { "sent", "received" })
            {
                foreach (string reason in new[] { "wrongChecksum", "wrongLength", "badOffload", "oversized", "spoofedSource", "truncated" })
                {
                    Assert.Equal("0", await node.StatusAsync($"tunnel.{direction}.dropped.{reason}"));
                }
            }
        }

        if ((one, other) == ("auto", "auto"))
        {
            Assert.NotEqual("0", await nodes[0].StatusAsync("tunnel.sent.merged"));
            Assert.NotEqual("0", await nodes[1].StatusAsync("tunnel.received.merged"));
        }
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("off")]
    public async Task A_capture_at_a_plain_end_shows_right_checksums_of_all_that_the_other_cuts_and_sends(string offload)
    {
        Assert.SkipUnless(Command.IsThere("tcpdump"), "tcpdump is not installed");
        using var network = await Network.CreateAsync("udp");
        var nodes = new[] { await network.StartAsync(0, $"--udp-offload={offload}"), await network.StartAsync(1, "--udp-offload=off") };
        await network.WaitForPeersAsync();
        var workloads = nodes.Select(node => node.Host.AttachWorkload(node.Env)).ToList();
        using var capture = await Capture.StartAsync(nodes[1].Host, "flannel0", network.Limit);
        await Transfer.AssertSameAsync(workloads[0], workloads[1], 4 << 20, network.Limit);
        await Transfer.AssertSameAsync(workloads[1], workloads[0], 4 << 20, network.Limit);
        await Transfer.AssertSameAsync(nodes[0].Host.Namespace, workloads[1], 2 << 20, network.Limit, port: 5304);
        foreach (string size in new[] { "56", "1444", "5000" })
        {
            (await workloads[0].Namespace.RunAsync("ping", "-n", "-c", "3", "-i", "0.05", "-s", size, $"{workloads[1].Address}")).ThrowIfFailed();
        }

        using (var socket = workloads[0].Namespace.Run(() => new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Dgram, System.Net.Sockets.ProtocolType.Udp)))
        {
            for (int i = 0; i < 3000; i++)
            {
                socket.SendTo(new byte[i % 3 == 0 ? i % 700 : 64], new IPEndPoint(workloads[1].Address, 9999));
                if (i % 50 == 49)
                {
                    await Task.Delay(5, network.Limit); // UDP waits for nobody, and the capture shall see what it judges
                }
            }
        }

        var (packets, wrong) = await capture.StopAsync();
        output.WriteLine(string.Join(", ", packets.Select(entry => $"protocol {entry.Key}: {entry.Value}")));
        Assert.Empty(wrong);
        Assert.True(packets[6] > 5000 && packets[1] > 20 && packets[17] > 1000);
    }

    [Fact]
    public async Task L16_ICMP_errors_reach_the_sender_from_either_end_of_the_tunnel()
    {
        using var network = await Network.CreateAsync("udp");
        var nodes = await network.StartAllAsync();
        var (from, to) = (nodes[0].Host.Workload, nodes[1].Host.Workload);

        // One each for the first host's kernel, the sending end, the receiving end, and the second host's kernel: two in the tunnel, as the original's.
        string[] hops = ["", nodes[0].Env.Gateway.ToString(), nodes[0].Env.Subnet.BaseAddress.ToString(), nodes[1].Env.Subnet.BaseAddress.ToString()];
        for (int ttl = 1; ttl < hops.Length; ttl++)
        {
            string answer = (await from.Namespace.RunAsync("ping", "-n", "-c", "1", "-W", "1", "-t", $"{ttl}", $"{to.Address}")).Output;
            Assert.Contains($"From {hops[ttl]} icmp_seq=1 Time to live exceeded", answer, StringComparison.Ordinal);
        }

        Assert.Contains("ttl=60", (await from.Namespace.RunAsync("ping", "-n", "-c", "1", "-W", "1", $"{to.Address}")).Output, StringComparison.Ordinal);
        Assert.Contains(
            $"From {nodes[0].Env.Subnet.BaseAddress} icmp_seq=1 Destination Net Unreachable",
            (await from.Namespace.RunAsync("ping", "-n", "-c", "1", "-W", "1", "10.42.222.1")).Output, StringComparison.Ordinal);

        // A way that became narrower: the workload is told, and TCP goes on.
        nodes[0].Host.Namespace.Ip("route replace 198.18.0.12/32 dev eth0 mtu lock 1300");
        string tooBig = (await from.Namespace.RunAsync("ping", "-n", "-c", "1", "-W", "1", "-M", "do", "-s", "1400", $"{to.Address}")).Output;
        Assert.Contains($"From {nodes[0].Env.Subnet.BaseAddress} icmp_seq=1 Frag needed and DF set (mtu = 1272)", tooBig, StringComparison.Ordinal);
        await Transfer.AssertSameAsync(from, to, 8 << 20, network.Limit);
        Assert.Contains("1 received", (await from.Namespace.RunAsync("ping", "-n", "-c", "1", "-W", "1", "-M", "dont", "-s", "1400", $"{to.Address}")).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ip link del flannel0")]
    [InlineData("ip link set flannel0 down")]
    [InlineData("ip link set flannel0 mtu 1300")]
    [InlineData("ip link set flannel0 name other0")]
    [InlineData("ip addr flush dev flannel0 scope global")]
    [InlineData("ip route del 10.42.0.0/16 dev flannel0")]
    public async Task F40_F41_A_device_or_route_changed_by_hand_comes_back(string command)
    {
        using var network = await Network.CreateAsync("udp");
        var nodes = await network.StartAllAsync();
        string[] words = command.Split(' ');
        await nodes[0].RunAsync(words[0], words[1..]);
        var took = await Poll.UntilAsync("device, address and route", async () =>
            await nodes[0].RunAsync("ip", "-4", "-o", "addr", "show", "flannel0") is var address && address.Contains($"{nodes[0].Env.Subnet.BaseAddress}/32", StringComparison.Ordinal)
            && await nodes[0].RunAsync("ip", "link", "show", "flannel0") is var link && link.Contains(",UP,", StringComparison.Ordinal) && link.Contains("mtu 1472", StringComparison.Ordinal)
            && await nodes[0].RunAsync("ip", "route", "show", "10.42.0.0/16") is var route && route.Contains("dev flannel0", StringComparison.Ordinal)
                ? null : await nodes[0].RunAsync("ip", "addr", "show") + nodes[0].Daemon.Log, 5);
        output.WriteLine($"{command}: {took.TotalMilliseconds:F0} ms");
        await network.AssertAllPairsPingAsync();
    }

    [Fact]
    public async Task F73_Leases_and_routes_are_kept_in_time_under_a_flood()
    {
        using var network = await Network.CreateAsync("udp", hosts: 3);
        var first = await network.StartAsync(0, "--subnet-lease-ttl=9");
        using var flood = Flood.Start(network.Hosts[2], IPAddress.Parse("198.18.0.11"), 2);
        await Poll.UntilAsync("the flood", async () => long.Parse(await first.StatusAsync("tunnel.received.dropped.unknownPeer")) > 10_000 ? null : "not yet");
        var second = await network.StartAsync(1);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        await first.WaitForStatusAsync("tunnel.routes", "1", 5);
        output.WriteLine($"a new peer {clock.Elapsed.TotalMilliseconds:F0} ms after the other host was ready");
        await Task.Delay(TimeSpan.FromSeconds(11), network.Limit);
        Assert.Equal("Held", await first.StatusAsync("lease.phase"));
        Assert.Equal("Ready", await first.StatusAsync("state"));
        await second.WaitForPeersAsync(1);
        output.WriteLine($"{await first.StatusAsync("tunnel.received.dropped.unknownPeer")} datagrams of strangers were dropped");
    }

    [Fact]
    public async Task Cleanup_takes_the_persistent_device_away()
    {
        using var network = await Network.CreateAsync("udp", hosts: 1);
        string before = await Snapshot.TakeAsync(network.Hosts[0]);
        var node = await network.StartAsync(0);
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(2));
        Assert.Contains("flannel0", await node.RunAsync("ip", "link"), StringComparison.Ordinal);
        (await node.Host.Namespace.RunAsync(Programs.Flannelpsd, $"--etcd-endpoints={network.Endpoints}", $"--name={node.Host.Name}", $"--subnet-file={node.SubnetFile}", "--cleanup")).ThrowIfFailed();
        Snapshot.AssertSame(before, await Snapshot.TakeAsync(node.Host));
        Assert.False(Directory.Exists($"/var/lib/flannelps/{node.Host.Name}"));
    }
}
