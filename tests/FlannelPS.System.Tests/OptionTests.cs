using System.Text.RegularExpressions;

namespace FlannelPS.SystemTests;

public sealed class OptionTests
{
    [Theory]
    [InlineData("""{"Type":"vxlan"}""", "vxlan id 1 local 198.18.0.11 dev eth0 srcport 0 0 dstport 8472 nolearning", 1450)]
    [InlineData("""{"Type":"VXLAN","VNI":77,"Port":4789,"MTU":1400}""", "vxlan id 77 local 198.18.0.11 dev eth0 srcport 0 0 dstport 4789 nolearning", 1350)]
    [InlineData("""{"Type":"vxlan","GBP":true,"Learning":true}""", "vxlan id 1 local 198.18.0.11 dev eth0 srcport 0 0 dstport 8472 ttl auto ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx gbp", 1450)]
    public async Task Vxlan_options_show_in_the_device(string backend, string wanted, int mtu)
    {
        using var network = await Network.CreateAsync(backend, store: "local");
        var nodes = await network.StartAllAsync();
        string device = (await nodes[0].AskAsync("status")).GetProperty("devices")[0].GetString()!;
        string link = await nodes[0].RunAsync("ip", "-d", "link", "show", device);
        Assert.Contains(wanted, link, StringComparison.Ordinal);
        Assert.Contains($" mtu {mtu} ", link, StringComparison.Ordinal);
        Assert.Equal(wanted.Contains("nolearning", StringComparison.Ordinal), link.Contains("nolearning", StringComparison.Ordinal));
        Assert.Equal(mtu, nodes[0].Env.Mtu);
        await network.AssertAllPairsPingAsync();
    }

    [Fact]
    public async Task With_direct_routing_peers_on_the_same_link_get_plain_routes()
    {
        using var network = await Network.CreateAsync("""{"Type":"vxlan","DirectRouting":true}""", store: "local");
        var nodes = await network.StartAllAsync();
        Assert.Contains("via 198.18.0.12 dev eth0", await nodes[0].RunAsync("ip", "route", "show", nodes[1].Env.Subnet.ToString()), StringComparison.Ordinal);
        await network.AssertAllPairsPingAsync();
    }

    [Fact]
    public async Task Q7_L11_Behind_nat_the_lease_has_the_public_address_and_the_device_the_interfaces_own()
    {
        using var network = await Network.CreateAsync(hosts: 1);
        var node = await network.StartAsync(0, "--public-ip=192.0.2.77");
        Assert.Contains("\"PublicIP\":\"192.0.2.77\"", (await network.LeasesAsync()).Single().Value, StringComparison.Ordinal);
        Assert.Contains("local 198.18.0.11 dev eth0", await node.RunAsync("ip", "-d", "link", "show", "flannel.1"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vxlan", false, false, 1450)]
    [InlineData("vxlan", false, true, 1450)]
    [InlineData("vxlan", true, false, 1430)]
    [InlineData("host-gw", false, true, 1500)]
    [InlineData("host-gw", true, false, 1500)]
    [InlineData("alloc", false, false, 1500)]
    public async Task I5_R10_Q16_The_subnet_file_has_the_originals_bytes(string backend, bool dual, bool masquerade, int mtu)
    {
        using var network = await Network.CreateAsync(backend, hosts: 1, store: "local", dual: dual);
        var node = await network.StartAsync(0, masquerade ? ["-ip-masq"] : []);
        string subnet = await node.StatusAsync("lease.subnet"), subnet6 = await node.StatusAsync("lease.ipv6Subnet");
        string expected = $"FLANNEL_NETWORK=10.42.0.0/16\nFLANNEL_SUBNET={subnet.Replace(".0/24", ".1/24", StringComparison.Ordinal)}\n"
            + (dual ? $"FLANNEL_IPV6_NETWORK=fd00:42::/48\nFLANNEL_IPV6_SUBNET={subnet6.Replace("::/64", "::1/64", StringComparison.Ordinal)}\n" : "")
            + $"FLANNEL_MTU={mtu}\nFLANNEL_IPMASQ={(masquerade ? "true" : "false")}\n";
        Assert.Equal(expected, await File.ReadAllTextAsync(node.SubnetFile, network.Limit));
        Assert.Matches(new Regex(@"^[0-9a-fA-F:./,=A-Z_a-z\n]*$"), expected); // F65
    }

    [Fact]
    public async Task D10_Two_networks_on_one_host_told_apart_by_subnet_file_and_prefix_alone_never_meet()
    {
        using var network = await Network.CreateAsync(hosts: 2);
        await network.Store.PutAsync("/second/config", Network.Config("""{"Type":"vxlan","VNI":2}""", network: "10.50.0.0/16"), network.Limit);
        await network.Store.PutAsync("/third/config", Network.Config("host-gw", network: "10.60.0.0/16"), network.Limit);
        var nodes = await network.StartAllAsync();
        var others = new List<Node>();
        foreach (var (prefix, gateway) in new[] { ("second", "10.50."), ("third", "10.60.") })
        {
            foreach (var host in network.Hosts)
            {
                string file = Path.Combine(host.Folder, prefix, "subnet.env");
                var daemon = host.Start(Programs.Flannelpsd, [$"-etcd-endpoints={network.Endpoints}", "-iface=eth0", $"-subnet-file={file}", $"-etcd-prefix=/{prefix}"]);
                await Poll.UntilAsync(file, () => File.Exists(file) || daemon.HasEnded);
                Assert.False(daemon.HasEnded, daemon.Log);
                string name = "";
                await Poll.UntilAsync("the line that names the control socket", () => (name = Regex.Match(daemon.Log, @"/run/flannelps/([a-z0-9-]+)\.sock").Groups[1].Value).Length > 0, 10, () => daemon.Log);
                others.Add(new(host, daemon, network.Limit, name, file));
                Assert.StartsWith(gateway, others[^1].Env.Gateway.ToString(), StringComparison.Ordinal);
            }
        }

        foreach (var node in others)
        {
            await node.WaitForPeersAsync(1);
        }

        string links = await nodes[0].RunAsync("ip", "link");
        Assert.Contains("flannel.1:", links, StringComparison.Ordinal);
        Assert.Contains("flannel.2:", links, StringComparison.Ordinal);
        await network.AssertAllPairsPingAsync();

        // The second network of host 1 goes; the first and the third stay as they are.
        string table = "flannelps-" + await others[0].StatusAsync("name");
        string before = await KernelSnapshot.TakeAsync(network.Hosts[0].Namespace, "cni0", "w0", "fe80::", "ff00::", "anycast", "flannel.2", "10.50.", table);
        Assert.Contains("flannelps-" + nodes[0].Host.Name, before, StringComparison.Ordinal);
        await others[0].Daemon.StopAsync(TimeSpan.FromSeconds(2));
        (await network.Hosts[0].Namespace.RunAsync(Programs.Flannelpsd, $"-etcd-endpoints={network.Endpoints}", $"-subnet-file={others[0].SubnetFile}", "-etcd-prefix=/second", "-cleanup")).ThrowIfFailed();
        Assert.DoesNotContain("flannel.2:", await nodes[0].RunAsync("ip", "link"), StringComparison.Ordinal);
        Assert.Equal(before, await KernelSnapshot.TakeAsync(network.Hosts[0].Namespace, "cni0", "w0", "fe80::", "ff00::", "anycast", "flannel.2", "10.50.", table));
        Assert.Equal("Ready", await nodes[0].StatusAsync("state"));
        Assert.Equal("Ready", await others[2].StatusAsync("state"));
        await network.AssertAllPairsPingAsync();
        foreach (var node in others.Skip(1))
        {
            await node.Daemon.StopAsync(TimeSpan.FromSeconds(2));
            (await node.Host.Namespace.RunAsync(Programs.Flannelpsd, $"-etcd-endpoints={network.Endpoints}", $"-subnet-file={node.SubnetFile}", "-cleanup")).ThrowIfFailed();
        }
    }
}
