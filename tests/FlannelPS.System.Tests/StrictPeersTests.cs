using System.Net;

namespace FlannelPS.SystemTests;

/// <summary>A host without a lease sends packets into the tunnel that look as if they came from a peer's workload.</summary>
public sealed class StrictPeersTests(ITestOutputHelper output)
{
    private const string Forged = "10.42.250.5";

    [Theory]
    [InlineData("nft", false)]
    [InlineData("iptables", false)]
    [InlineData("legacy", false)]
    [InlineData("nft", true)]
    [InlineData("iptables", true)]
    public async Task F74_A_strangers_packets_are_dropped_until_it_has_a_lease_and_peers_pass_meanwhile(string how, bool v6)
    {
        FirewallBed.Requires("nft", "iptables", "iptables-legacy");
        using var network = await Network.CreateAsync(hosts: 3, dual: v6, config: FirewallBed.Config(how == "nft", dual: v6));
        var peer = await network.StartAsync(1);
        var node = how == "legacy" ? network.LaunchIn(0, $"export XTABLES_LOCKFILE={network.Hosts[0].Folder}/lock && {FirewallBed.Legacy}") : await network.StartAsync(0);
        await node.WaitReadyAsync();
        await node.WaitForPeersAsync(1);
        Assert.Equal("Enforced", await node.StatusAsync("firewall.strictPeers"));
        var workload = node.Host.AttachWorkload(node.Env);
        peer.Host.AttachWorkload(peer.Env);
        using var prober = Prober.Start(workload, peer.Host.Workload, v6);
        await prober.WaitUntilFlowingAsync(network.Limit);
        prober.Restart();

        var (stranger, mac, source) = await StrangerAsync(network, node, v6);
        var target = v6 ? workload.Address6! : workload.Address;
        RouteBack(node, v6);
        Assert.Null(await FirewallBed.SourceSeenAsync(stranger, workload.Namespace, target, source, tries: 15));
        if (how == "nft")
        {
            await node.RunAsync("iptables", "-A", "FORWARD", "-j", "ACCEPT"); // it looks
            await Poll.UntilAsync("the count of what was dropped", async () => await node.StatusAsync("firewall.droppedStrangers") is not "0" ? null : "0", 15);
        }

        // With a lease it is a peer: when the route to it is there, so is its place among those who may speak.
        await PutLeaseAsync(network, mac, network.Hosts[2].Address, v6);
        await node.WaitForPeersAsync(2);
        int tries = how == "nft" ? 1 : 100;
        Assert.Equal(source, await FirewallBed.SourceSeenAsync(stranger, workload.Namespace, target, source, tries));

        // Called by another address its packets from the old one are still on their way.
        await PutLeaseAsync(network, mac, IPAddress.Parse("198.18.0.77"), v6);
        await Poll.UntilAsync("the new address", async () => (await node.AskAsync("peers")).ToString().Contains("198.18.0.77", StringComparison.Ordinal) ? null : "not yet");
        Assert.Equal(source, await FirewallBed.SourceSeenAsync(stranger, workload.Namespace, target, source, tries));

        var (there, back) = await prober.StopAsync();
        output.WriteLine($"{how}: {there}; {back}");
        Assert.True(there.Lost.Count == 0 && back.Lost.Count == 0, $"{there}; {back}");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task F74_Switched_off_or_without_a_match_for_the_vni_a_stranger_passes_and_the_status_says_so(bool isSwitchedOff)
    {
        FirewallBed.Requires("nft", "iptables");
        using var network = await Network.CreateAsync(hosts: 3, config: FirewallBed.Config(nft: isSwitchedOff));
        var node = isSwitchedOff ? await network.StartAsync(0, "--strict-peers=false")
            : network.LaunchIn(0, "find /usr/lib -name libxt_u32.so -exec mount --bind /dev/null '{}' ';'", "--ip-masq");
        await node.WaitReadyAsync();
        Assert.Equal(isSwitchedOff ? "Off" : "NotEnforced", await node.StatusAsync("firewall.strictPeers"));
        if (!isSwitchedOff)
        {
            Assert.Contains("u32", await node.StatusAsync("firewall.missing"), StringComparison.Ordinal);
            Assert.Contains("-j MASQUERADE", await node.RunAsync("iptables-save"), StringComparison.Ordinal);
        }

        var workload = node.Host.AttachWorkload(node.Env);
        var (stranger, _, source) = await StrangerAsync(network, node, v6: false);
        RouteBack(node, v6: false);
        Assert.Equal(source, await FirewallBed.SourceSeenAsync(stranger, workload.Namespace, workload.Address, source));
    }

    [Fact]
    public async Task F74_Another_network_on_the_same_port_is_not_hindered_and_a_workload_of_the_host_itself_cannot_forge()
    {
        FirewallBed.Requires("nft");
        using var network = await Network.CreateAsync(hosts: 3, config: FirewallBed.Config(nft: true));
        await network.Store.PutAsync("/second/config", FirewallBed.Config(nft: true, """{"Type":"vxlan","VNI":2}""", network: "10.50.0.0/16"), network.Limit);
        var nodes = await network.StartAllAsync();

        // The second network's hosts are 1 and 3: for the first network's rules on host 1, host 3 is a peer; stop it there, so that it is none.
        await nodes[2].Daemon.StopAsync(TimeSpan.FromSeconds(5));
        var others = new List<Node>();
        foreach (var host in new[] { network.Hosts[0], network.Hosts[2] })
        {
            string file = Path.Combine(host.Folder, "second", "subnet.env"), name = host.Name + "b";
            others.Add(new(host, host.Start(Programs.Flannelpsd, [$"-etcd-endpoints={network.Endpoints}", "-iface=eth0", $"-subnet-file={file}", $"-name={name}", "-etcd-prefix=/second"]), network.Limit, name, file));
            await others[^1].WaitReadyAsync();
        }

        await others[0].WaitForPeersAsync(1);
        await others[1].WaitForPeersAsync(1);
        await network.Store.DeleteAsync(Network.Prefix + "/subnets/" + nodes[2].Env.Key, network.Limit);
        await nodes[0].WaitForPeersAsync(1);
        var (here, there) = (others[0].Env.Subnet.BaseAddress, others[1].Env.Subnet.BaseAddress);
        Assert.Equal(there, await FirewallBed.SourceSeenAsync(network.Hosts[2].Namespace, network.Hosts[0].Namespace, here, there));

        // A container that wraps packets itself and sends them to its own host.
        var workload = network.Hosts[0].Workload;
        string vtep = await nodes[0].StatusAsync("vtepMac");
        workload.Namespace.Ip(
            $"link add forged type vxlan id 1 dstport 8472 remote {network.Hosts[0].Address} local {workload.Address} dev eth0 nolearning", "link set forged up",
            "addr add 10.42.251.5/32 dev forged", $"neigh add 10.42.251.1 lladdr {vtep} dev forged nud permanent",
            $"route add {nodes[0].Env.Subnet.BaseAddress}/32 via 10.42.251.1 dev forged onlink");
        network.Hosts[0].Namespace.Ip($"route add 10.42.251.0/24 dev flannel.1");
        Assert.Null(await FirewallBed.SourceSeenAsync(workload.Namespace, network.Hosts[0].Namespace, nodes[0].Env.Subnet.BaseAddress, IPAddress.Parse("10.42.251.5"), tries: 15));
    }

    [Fact]
    public async Task F74_Udp_and_host_gw_need_no_guard_in_the_kernel()
    {
        FirewallBed.Requires("nft");
        using var network = await Network.CreateAsync("udp", hosts: 1, store: "local", config: FirewallBed.Config(nft: true, "udp"));
        var node = await network.StartAsync(0);
        Assert.Equal("Off", await node.StatusAsync("firewall.strictPeers"));
        Assert.DoesNotContain("chain input", await FirewallBed.RulesAsync(node.Host), StringComparison.Ordinal);
        Assert.Contains("chain forward", await FirewallBed.RulesAsync(node.Host), StringComparison.Ordinal);
    }

    /// <summary>Gives host 3 a device as a peer would have it, with an address of a subnet that nobody has.</summary>
    private static async Task<(NetworkNamespace Place, string Mac, IPAddress Source)> StrangerAsync(Network network, Node node, bool v6)
    {
        var host = network.Hosts[2];
        string vtep = await node.StatusAsync(v6 ? "vtepV6Mac" : "vtepMac"), mac = "02:00:00:00:00:33";
        var source = IPAddress.Parse(v6 ? "fd00:42:0:fff0::5" : Forged);
        string gateway = v6 ? "fd00:42::1" : "10.42.254.1";
        host.Namespace.Ip(
            v6 ? $"link add forged address {mac} type vxlan id 1 dstport 8472 remote {node.Host.Address6} local {host.Address6} dev eth0 nolearning"
                : $"link add forged address {mac} type vxlan id 1 dstport 8472 remote {node.Host.Address} local {host.Address} dev eth0 nolearning",
            "link set forged up",
            v6 ? $"addr add {source}/128 dev forged nodad" : $"addr add {source}/32 dev forged",
            $"neigh add {gateway} lladdr {vtep} dev forged nud permanent",
            $"route add {await node.StatusAsync(v6 ? "lease.ipv6Subnet" : "lease.subnet")} via {gateway} dev forged onlink");
        return (host.Namespace, mac, source);
    }

    /// <summary>The forged source has to be routed back by the tunnel, as a peer's would: what drops it shall be the guard alone.</summary>
    private static void RouteBack(Node node, bool v6) =>
        node.Host.Namespace.Ip(v6 ? "route add fd00:42:0:fff0::/65 dev flannel-v6.1" : "route add 10.42.250.0/25 dev flannel.1");

    private static async Task PutLeaseAsync(Network network, string mac, IPAddress address, bool v6)
    {
        string data = $$"""{"VNI":1,"VtepMAC":"{{mac}}"}""";
        string value = v6
            ? $$"""{"PublicIP":"{{address}}","PublicIPv6":"{{network.Hosts[2].Address6}}","BackendType":"vxlan","BackendData":{{data}},"BackendV6Data":{{data}}}"""
            : $$"""{"PublicIP":"{{address}}","PublicIPv6":null,"BackendType":"vxlan","BackendData":{{data}}}""";
        await network.Store.PutAsync(Network.Prefix + "/subnets/10.42.250.0-24" + (v6 ? "&fd00:42:0:fff0::-64" : ""), value, network.Limit, await network.Store.GrantAsync(100, network.Limit));
    }
}
