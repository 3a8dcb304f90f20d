namespace FlannelPS.SystemTests;

/// <summary>A node as a guest on its host: what is the host's own is respected, told, and left behind as it was.</summary>
public sealed class HostTests
{
    [Theory]
    [InlineData("addr add 10.42.7.1/24 dev eth0", "the address 10.42.7.1/24 on eth0")]
    [InlineData("route add 10.0.0.0/8 via 198.18.0.1", "the route 10.0.0.0/8 via 198.18.0.1 by eth0")]
    [InlineData("route add 10.42.250.0/25 dev lo proto static", "the route 10.42.250.0/25 by lo")]
    [InlineData("route add blackhole 10.42.9.0/24", "the route 10.42.9.0/24")]
    public async Task A_network_that_overlaps_the_hosts_own_is_refused_with_the_remedy_unless_allowed(string line, string named)
    {
        using var network = await Network.CreateAsync(hosts: 1);
        var host = network.Hosts[0];
        host.Namespace.Ip(line);
        string before = await Snapshot.TakeAsync(host);
        var node = network.Launch(0);
        await node.WaitForStatusAsync("reasons", named);
        Assert.Contains("--allow-overlap", await node.StatusAsync("reasons"), StringComparison.Ordinal);
        await node.WaitForLogAsync(named);
        await Task.Delay(300, network.Limit);
        Snapshot.AssertSame(before, await Snapshot.TakeAsync(host));
        Assert.Empty(await network.LeasesAsync());
        Assert.False(File.Exists(node.SubnetFile));

        await node.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        var allowed = await network.StartAsync(0, "--allow-overlap");
        Assert.Contains(named, allowed.Daemon.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_overlap_that_goes_lets_the_node_start_and_one_that_comes_is_told_only()
    {
        using var network = await Network.CreateAsync(hosts: 1);
        var host = network.Hosts[0];
        host.Namespace.Ip("route add 10.42.128.0/17 via 198.18.0.1 proto static");
        var node = network.Launch(0);
        await node.WaitForStatusAsync("reasons", "10.42.128.0/17");
        host.Namespace.Ip("route del 10.42.128.0/17");
        await node.WaitReadyAsync();
        Assert.Equal("[]", (await node.AskAsync("status")).GetProperty("findings").ToString());
        host.Namespace.Ip("addr add 10.42.251.1/32 dev lo", "link set eth0 mtu 1490");
        await node.WaitForStatusAsync("findings", "10.42.251.1/32 on lo");
        Assert.Equal("Ready", await node.StatusAsync("state"));

        // A restart makes no outage of it.
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        var again = await network.StartAsync(0);
        await again.WaitForStatusAsync("findings", "10.42.251.1/32 on lo");
    }

    [Theory]
    [InlineData("vxlan")]
    [InlineData("host-gw")]
    [InlineData("udp")]
    public async Task Our_own_devices_routes_and_bridge_are_no_overlap_at_the_next_start_and_without_saved_state_neither(string backend)
    {
        using var network = await Network.CreateAsync(backend);
        var nodes = await network.StartAllAsync("--ip-blackhole-route");
        foreach (bool keepState in new[] { true, false })
        {
            nodes[0].Daemon.Signal(9);
            await nodes[0].Daemon.WaitForExitAsync(network.Limit);
            if (!keepState)
            {
                Directory.Delete($"/var/lib/flannelps/{nodes[0].Host.Name}", recursive: true);
                File.Delete(nodes[0].SubnetFile);
            }

            var again = await network.StartAsync(0, "--ip-blackhole-route");
            Assert.DoesNotContain("overlaps", await again.StatusAsync("findings"), StringComparison.Ordinal);
            nodes = [again, nodes[1]];
        }

        await network.AssertAllPairsPingAsync();
    }

    [Fact]
    public async Task Another_networks_routes_are_an_overlap_whichever_backend_made_them()
    {
        using var network = await Network.CreateAsync("host-gw");
        await network.StartAllAsync();
        await network.Store.PutAsync("/other/config", """{"Network": "10.42.0.0/16", "SubnetLen": 24, "Backend": {"Type": "vxlan"}}""", network.Limit);
        var host = network.Hosts[0];
        host.Workload.Dispose();
        var other = new Node(
            host, host.Start(Programs.Flannelpsd, [$"--etcd-endpoints={network.Endpoints}", "--iface=eth0", "--etcd-prefix=/other", $"--subnet-file={host.Folder}/other.env", $"--name={host.Name}-other"]),
            network.Limit, $"{host.Name}-other", $"{host.Folder}/other.env");
        await other.WaitForStatusAsync("reasons", "the route 10.42.");
        Assert.Empty(await network.Store.ListAsync("/other/subnets/", network.Limit));
    }

    [Theory]
    [InlineData("vxlan", false)]
    [InlineData("vxlan", true)]
    [InlineData("host-gw", false)]
    [InlineData("udp", false)]
    public async Task The_blackhole_route_stands_behind_the_bridges_is_kept_and_goes_when_switched_off(string backend, bool dual)
    {
        using var network = await Network.CreateAsync(backend, dual: dual);
        var nodes = await network.StartAllAsync("--ip-blackhole-route");
        string subnet = nodes[0].Env.Subnet.ToString(), subnet6 = dual ? await nodes[0].StatusAsync("lease.ipv6Subnet") : "";
        await WaitAsync(there: true);
        await network.AssertAllPairsPingAsync(dual);

        await nodes[0].RunAsync("ip", "route", "del", "blackhole", subnet);
        if (dual)
        {
            await nodes[0].RunAsync("ip", "-6", "route", "del", "blackhole", subnet6, "dev", "lo");
        }

        await WaitAsync(there: true);
        await nodes[0].Daemon.StopAsync(TimeSpan.FromSeconds(5));
        await WaitAsync(there: true);
        await network.StartAsync(0);
        await WaitAsync(there: false);

        async Task WaitAsync(bool there)
        {
            await Poll.UntilAsync($"the blackhole route {(there ? "there" : "gone")}", async () => await nodes[0].RunAsync("ip", "route", "show", "type", "blackhole") is var here
                && here.Contains($"blackhole {subnet} proto 70", StringComparison.Ordinal) == there ? null : here);
            if (dual)
            {
                await Poll.UntilAsync("the IPv6 blackhole route", async () => await nodes[0].RunAsync("ip", "-6", "route", "show", "type", "blackhole") is var here
                    && here.Contains($"blackhole {subnet6} dev lo proto 70", StringComparison.Ordinal) == there ? null : here);
            }
        }
    }

    [Fact]
    public async Task The_blackhole_route_goes_with_cleanup()
    {
        using var network = await Network.CreateAsync(hosts: 1);
        string before = await Snapshot.TakeAsync(network.Hosts[0]);
        var node = await network.StartAsync(0, "--ip-blackhole-route");
        await Poll.UntilAsync("the route", async () => (await node.RunAsync("ip", "route", "show", "type", "blackhole")).Length > 0 ? null : "none");
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        await CleanAsync(network, node.Host);
        Snapshot.AssertSame(before, await Snapshot.TakeAsync(node.Host));
    }

    [Theory]
    [InlineData("off", false)]
    [InlineData("on", true)]
    public async Task Checksum_offload_is_set_and_set_again_whenever_the_device_is_made_or_changed(string wanted, bool dual)
    {
        Assert.SkipUnless(Command.IsThere("ethtool"), "ethtool is not installed.");
        using var network = await Network.CreateAsync(dual: dual);
        var nodes = await network.StartAllAsync($"--tx-checksum-offload={wanted}");
        string[] devices = dual ? ["flannel.1", "flannel-v6.1"] : ["flannel.1"];
        foreach (string device in devices)
        {
            await WaitAsync(device, wanted);
            await nodes[0].RunAsync("ethtool", "-K", device, "tx-checksum-ip-generic", wanted == "off" ? "on" : "off");
            await WaitAsync(device, wanted);
            await nodes[0].RunAsync("ip", "link", "del", device);
            await WaitAsync(device, wanted);
        }

        await network.AssertAllPairsPingAsync(dual);

        // Left alone by auto.
        await nodes[0].Daemon.StopAsync(TimeSpan.FromSeconds(5));
        await network.StartAsync(0);
        await WaitAsync("flannel.1", wanted);

        Task WaitAsync(string device, string state) => Poll.UntilAsync($"{device}: {state}", async () =>
            await nodes[0].Host.Namespace.RunAsync("ethtool", "-k", device) is { Succeeded: true, Output: var features } && features.Contains($"tx-checksum-ip-generic: {state}\n", StringComparison.Ordinal)
                ? null : "not yet");
    }

    [Fact]
    public async Task F45_Settings_that_hinder_workloads_are_told_with_the_remedy_and_left_as_they_are()
    {
        using var network = await Network.CreateAsync(hosts: 1, dual: true);
        var host = network.Hosts[0];
        host.Namespace.Sysctl("net/ipv4/ip_forward", "0");
        host.Namespace.Sysctl("net/ipv6/conf/all/forwarding", "0");
        host.Namespace.Sysctl("net/ipv4/conf/all/rp_filter", "1");
        // A strict filter drops only where answers may take another way.
        host.Namespace.Ip("link set eth0 up", "link add second type veth peer name far", "addr add 203.0.113.2/24 dev second", "link set far up", "link set second up", "route add default via 203.0.113.1 dev second metric 900");
        string before = Sysctls(host);
        var node = await network.StartAsync(0);
        foreach (string setting in new[] { "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.ipv4.conf.eth0.rp_filter" })
        {
            await node.WaitForStatusAsync("findings", $"sysctl -w {setting}=");
            await node.WaitForLogAsync($"sysctl -w {setting}=");
        }

        Assert.Equal("Ready", await node.StatusAsync("state"));
        Assert.Equal(before, Sysctls(host));

        // Put right by whoever may, it is told no more.
        host.Namespace.Sysctl("net/ipv4/ip_forward", "1");
        host.Namespace.Ip("link set eth0 mtu 1490");
        await Poll.UntilAsync("ip_forward told no more", async () => await node.StatusAsync("findings") is var here && here.Contains("ip_forward", StringComparison.Ordinal) ? here : null);
    }

    [Fact]
    public async Task F45_Settings_of_our_own_devices_are_put_right()
    {
        using var network = await Network.CreateAsync(dual: true);
        var nodes = await network.StartAllAsync();
        var place = nodes[0].Host.Namespace;
        place.Sysctl("net/ipv4/conf/all/rp_filter", "1");
        place.Sysctl("net/ipv4/conf/flannel.1/rp_filter", "1");
        place.Sysctl("net/ipv4/conf/flannel.1/forwarding", "0");
        place.Sysctl("net/ipv6/conf/flannel-v6.1/accept_ra", "2");
        place.Sysctl("net/ipv6/conf/flannel-v6.1/forwarding", "0");
        place.Sysctl("net/ipv6/conf/flannel-v6.1/disable_ipv6", "1");

        // The kernel tells of no setting: a look is due once a minute, or when asked for.
        await nodes[0].AskAsync("repair");
        await Poll.UntilAsync("the settings", () => Read("net/ipv4/conf/flannel.1/rp_filter") == "2" && Read("net/ipv4/conf/flannel.1/forwarding") == "1"
            && Read("net/ipv6/conf/flannel-v6.1/accept_ra") == "0" && Read("net/ipv6/conf/flannel-v6.1/forwarding") == "1" && Read("net/ipv6/conf/flannel-v6.1/disable_ipv6") == "0");
        await Poll.UntilAsync("the address", async () => await nodes[0].RunAsync("ip", "-6", "addr", "show", "dev", "flannel-v6.1") is var here && here.Contains("/128", StringComparison.Ordinal) ? null : here);
        await network.AssertAllPairsPingAsync(dual: true);

        string Read(string path) => place.Run(() => File.ReadAllText("/proc/sys/" + path).Trim());
    }

    [Theory]
    [InlineData("vxlan", true, false)]
    [InlineData("vxlan", false, true)]
    [InlineData("host-gw", false, false)]
    [InlineData("udp", false, true)]
    public async Task I4_After_a_whole_life_everything_on_the_host_is_as_before(string backend, bool dual, bool killed)
    {
        using var network = await Network.CreateAsync(backend, dual: dual);
        var host = network.Hosts[0];
        await network.StartAsync(1);
        string kernel = await KernelSnapshot.TakeAsync(host.Namespace), settings = Sysctls(host);
        Node? node = null;
        var began = DateTime.UtcNow;
        var files = Files();
        node = await network.StartAsync(0, "--ip-blackhole-route", "--tx-checksum-offload=off");
        await node.WaitForPeersAsync(1);
        Assert.NotEqual(files, Files());
        if (killed)
        {
            node.Daemon.Signal(9);
            await node.Daemon.WaitForExitAsync(network.Limit);
        }
        else
        {
            await node.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        }

        await CleanAsync(network, host);
        await Poll.UntilAsync("everything as before", async () => Snapshot.Difference(kernel, await KernelSnapshot.TakeAsync(host.Namespace)));
        Assert.Equal(settings, Sysctls(host));
        Assert.Equal(files, Files());
        Assert.Single(await network.LeasesAsync());

        // Of this instance and of the folders; other tests run on the same machine, and locks of the killed among them name processes that are others' by now.
        IReadOnlyList<string> Files() =>
            [.. new[] { "/run/flannel", "/run/flannelps", "/var/lib/flannelps", "/etc/flannelps", host.Folder }.Where(Directory.Exists)
                .SelectMany(folder => Directory.EnumerateFileSystemEntries(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }))
                .Where(path => path.Contains(host.Name, StringComparison.Ordinal) || path.StartsWith(host.Folder, StringComparison.Ordinal)
                    || (node is not null && path.EndsWith(".lock", StringComparison.Ordinal) && ReadOrNothing(path) == node.Daemon.Id.ToString() && File.GetLastWriteTimeUtc(path) >= began.AddSeconds(-1)))
                .Order(StringComparer.Ordinal)];
    }

    [Fact]
    public async Task Cleanup_of_a_node_that_never_had_a_lease_removes_device_and_state_too()
    {
        using var network = await Network.CreateAsync(hosts: 1, config: "{\"Network\": \"10.42.0.0/16\", \"SubnetLen\": 24, \"SubnetMin\": \"10.42.1.0\", \"SubnetMax\": \"10.42.1.0\", \"Backend\": {\"Type\": \"vxlan\"}}");
        var host = network.Hosts[0];
        await network.Store.PutAsync(Network.Prefix + "/subnets/10.42.1.0-24", """{"PublicIP":"198.18.0.200","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:00:07"}}""", network.Limit);
        string before = await KernelSnapshot.TakeAsync(host.Namespace);
        var node = network.Launch(0);
        await node.WaitForStatusAsync("state", "NoSubnet");
        string state = $"/var/lib/flannelps/{host.Name}";
        await Poll.UntilAsync("the state folder", () => Directory.Exists(state));
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        await CleanAsync(network, host);
        Assert.False(Directory.Exists(state));
        Snapshot.AssertSame(before, await KernelSnapshot.TakeAsync(host.Namespace));
        Assert.Single(await network.LeasesAsync());
    }

    private static async Task CleanAsync(Network network, Host host) =>
        (await host.Namespace.RunAsync(Programs.Flannelpsd, $"--etcd-endpoints={network.Endpoints}", $"--name={host.Name}", "--cleanup")).ThrowIfFailed();

    /// <summary>All of net.* that a name can be read of, except what counts by itself.</summary>
    private static string Sysctls(Host host) => host.Namespace.Run(() => string.Join('\n', Directory.EnumerateFiles("/proc/sys/net", "*", SearchOption.AllDirectories)
        .Where(path => !path.Contains("flannel", StringComparison.Ordinal) && !path.EndsWith("flush", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal).Select(path => $"{path} = {ReadOrNothing(path)}")));

    private static string ReadOrNothing(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
