using FlannelPS.Lab;

namespace FlannelPS.Engine.Tests.Lab;

public sealed class UnderlayTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public UnderlayTests() => Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: it makes network namespaces");

    [Fact]
    public async Task Hosts_reach_each_other_over_both_families()
    {
        using var underlay = Underlay.Create(new() { Hosts = 2, Ipv6 = true, Mtu = 1400 });
        var (first, second) = (underlay.Hosts[0], underlay.Hosts[1]);
        Assert.NotNull(await Traffic.PingAsync(first.Namespace, second.Address, 1400 - 28));
        Assert.NotNull(await Traffic.PingAsync(first.Namespace, second.Address6!, 1400 - 48));
        Assert.Null(await Traffic.PingAsync(first.Namespace, second.Address, 1400 - 27));
    }

    [Fact]
    public void Nothing_stays_behind()
    {
        string name, folder;
        Daemon sleeper;
        using (var underlay = Underlay.Create(new() { Hosts = 1 }))
        {
            (name, folder) = (underlay.Name, underlay.Folder);
            sleeper = underlay.Hosts[0].Start("sleep", ["1000"]);
        }

        Assert.True(sleeper.HasEnded);
        Assert.False(Directory.Exists(folder));
        Assert.DoesNotContain(Directory.EnumerateFiles("/run/netns"), file => Path.GetFileName(file).StartsWith(name + "-", StringComparison.Ordinal));
    }

    [Fact]
    public void What_a_killed_lab_left_is_removed_by_the_next()
    {
        // Above the kernel's largest process id, so its maker is surely dead.
        string leftover = Leftovers.Mark + "4194305-1-h1";
        using var left = NetworkNamespace.Create(leftover);
        Leftovers.Sweep();
        Assert.False(File.Exists("/run/netns/" + leftover));
    }

    [Fact]
    public async Task A_prober_loses_nothing_on_a_whole_link_and_counts_what_a_cut_one_loses()
    {
        using var underlay = Underlay.Create(new() { Hosts = 2 });
        var (first, second) = (Attach(underlay.Hosts[0], 1), Attach(underlay.Hosts[1], 2));
        using (var prober = Prober.Start(first, second))
        {
            await prober.WaitUntilFlowingAsync(Token);
            prober.Restart();
            await Task.Delay(300, Token);
            var (there, back) = await prober.StopAsync();
            Assert.Empty(there.Lost);
            Assert.Empty(back.Lost);
            Assert.True(there.Received > 10, there.ToString());
        }

        using (var prober = Prober.Start(first, second))
        {
            await prober.WaitUntilFlowingAsync(Token);
            prober.Restart();
            underlay.Hosts[0].Namespace.Ip("route del 10.42.2.0/24");
            await Task.Delay(300, Token);
            underlay.Hosts[0].Namespace.Ip("route add 10.42.2.0/24 via 198.18.0.12");
            await Task.Delay(100, Token);
            var (there, _) = await prober.StopAsync();
            Assert.InRange(there.Lost.Count, 10, there.Sent - 1);
        }
    }

    [Fact]
    public async Task Snapshots_are_equal_until_something_changes()
    {
        using var underlay = Underlay.Create(new() { Hosts = 2 });
        var place = underlay.Hosts[0].Namespace;
        string before = await KernelSnapshot.TakeAsync(place);
        await Traffic.PingAsync(place, underlay.Hosts[1].Address);
        Assert.Equal(before, await KernelSnapshot.TakeAsync(place));
        place.Ip("route add 192.0.2.0/24 via 198.18.0.1");
        Assert.NotEqual(before, await KernelSnapshot.TakeAsync(place));
        Assert.Equal(before, await KernelSnapshot.TakeAsync(place, "192.0.2.0/24"));
    }

    [Fact]
    public async Task The_monitor_sees_routes_neighbours_and_fdb_entries_come()
    {
        using var underlay = Underlay.Create(new() { Hosts = 1 });
        var place = underlay.Hosts[0].Namespace;
        place.Ip("link add flannel.1 type vxlan id 1 local 198.18.0.11 dev eth0 dstport 8472 nolearning", "link set flannel.1 up");
        using var monitor = new KernelMonitor(place, network: 10);
        place.Ip("neigh add 10.42.7.0 lladdr 02:00:00:00:00:07 dev flannel.1 nud permanent", "route add 10.42.7.0/24 via 10.42.7.0 dev flannel.1 onlink");
        (await place.RunAsync("bridge", "fdb", "add", "02:00:00:00:00:07", "dev", "flannel.1", "dst", "198.18.0.77")).ThrowIfFailed();
        await monitor.WaitForPeersAsync(1, routesOnly: false, Token);
        Assert.Equal(3, monitor.Changes);
    }

    private static Workload Attach(Host host, int number)
    {
        var workload = host.AttachWorkload(SubnetEnv.Parse($"FLANNEL_NETWORK=10.42.0.0/16\nFLANNEL_SUBNET=10.42.{number}.1/24\nFLANNEL_MTU=1500\nFLANNEL_IPMASQ=false\n"));
        host.Namespace.Ip($"route add 10.42.{3 - number}.0/24 via 198.18.0.{13 - number}");
        return workload;
    }
}
