namespace FlannelPS.SystemTests;

/// <summary>A host whose kernel lacks what a backend needs.</summary>
public sealed class KernelTests(ITestOutputHelper output)
{
    [Fact]
    public async Task F46_Without_the_module_vxlan_a_node_waits_and_names_it_and_goes_on_once_it_is_loaded()
    {
        var guest = Guest.Find(out string missing);
        Assert.SkipWhen(guest is null, $"{missing} is not there");
        string console = await guest!.RunAsync(
            """
            load dummy
            ip link add eth0 type dummy; ip link set eth0 up; ip addr add 192.0.2.10/24 dev eth0; ip route add default via 192.0.2.1
            echo '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}' > /config
            flannelpsd --etcd-endpoints=local:/store --set-config=/config
            flannelpsd --etcd-endpoints=local:/store --ip-masq=false 2> /log &
            until grep -q Waiting /log; do sleep 1; done
            echo before: $(grep Waiting /log) $(ls /run/flannel/subnet.env 2> /dev/null)
            load udp_tunnel; load ip6_udp_tunnel; load vxlan
            for i in $(seq 60); do test -e /run/flannel/subnet.env && break; sleep 1; done
            echo after: $(ip -o link show flannel.1) $(cat /run/flannel/subnet.env)
            """,
            [Programs.Flannelpsd],
            ["drivers/net/dummy", "net/ipv4/udp_tunnel", "net/ipv6/ip6_udp_tunnel", "drivers/net/vxlan/vxlan"],
            TimeSpan.FromSeconds(150));
        string before = Line("before: "), after = Line("after: ");
        output.WriteLine($"{before}\n{after}");
        Assert.Contains("no vxlan module (modprobe vxlan), or use the backend host-gw", before, StringComparison.Ordinal);
        Assert.DoesNotContain("subnet.env", before, StringComparison.Ordinal);
        Assert.Contains("flannel.1", after, StringComparison.Ordinal);
        Assert.Contains("FLANNEL_NETWORK=10.42.0.0/16", after, StringComparison.Ordinal);

        string Line(string start) => Array.Find(console.Split('\n'), line => line.StartsWith(start, StringComparison.Ordinal)) ?? $"no line '{start}'";
    }
}
