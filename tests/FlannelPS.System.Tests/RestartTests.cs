namespace FlannelPS.SystemTests;

public sealed class RestartTests(ITestOutputHelper output)
{
    private const int SIGKILL = 9;
    private const int SIGTERM = 15;

    [Theory]
    [InlineData("vxlan", "etcd", SIGTERM)]
    [InlineData("vxlan", "etcd", SIGKILL)]
    [InlineData("vxlan", "local", SIGKILL)]
    [InlineData("host-gw", "etcd", SIGTERM)]
    [InlineData("host-gw", "etcd", SIGKILL)]
    public async Task F30_A_restart_keeps_the_subnet_loses_no_probe_and_rewrites_no_kernel_object(string backend, string store, int signal)
    {
        using var network = await Network.CreateAsync(backend, store: store);
        var nodes = await network.StartAllAsync();
        using var prober = await network.ProbeAsync(nodes[0], nodes[1]);
        string env = await File.ReadAllTextAsync(nodes[0].SubnetFile, network.Limit);
        string kernel = await nodes[0].SnapshotAsync();
        using var monitor = new KernelMonitor(nodes[0].Host.Namespace, 10);

        nodes[0].Daemon.Signal(signal);
        await nodes[0].Daemon.WaitForExitAsync(network.Limit);
        Assert.Equal(signal == SIGTERM ? 0 : 128 + SIGKILL, nodes[0].Daemon.ExitCode);
        Snapshot.AssertSame(kernel, await nodes[0].SnapshotAsync());
        var again = await network.StartAsync(0);
        await again.WaitForPeersAsync(1);
        await Poll.UntilAsync("a programmed round", async () => await again.StatusAsync("kernel.rounds") != "0" ? null : "none");

        Assert.Equal(env, await File.ReadAllTextAsync(again.SubnetFile, network.Limit));
        // Indices and MACs stand in the snapshot; a rewritten object that came out the same shows in the notifications.
        Snapshot.AssertSame(kernel, await again.SnapshotAsync());
        Assert.Equal(0, monitor.Changes);
        var (there, back) = await prober.StopAsync();
        output.WriteLine($"{there}; {back}");
        Assert.True(there.Lost.Count == 0 && back.Lost.Count == 0, $"{there}; {back}");
    }

    /// <summary>Five in a row, and fifty with --long.</summary>
    [Theory]
    [InlineData("vxlan")]
    [InlineData("host-gw")]
    public async Task F30_Restarts_in_a_row_lose_no_probe(string backend)
    {
        using var network = await Network.CreateAsync(backend, limitSeconds: Requires.IsLong ? 600 : 120);
        var nodes = await network.StartAllAsync();
        using var prober = await network.ProbeAsync(nodes[0], nodes[1]);
        string env = await File.ReadAllTextAsync(nodes[0].SubnetFile, network.Limit);
        string kernel = await nodes[0].SnapshotAsync();
        var node = nodes[0];
        int times = Requires.IsLong ? 50 : 5;
        for (int time = 0; time < times; time++)
        {
            await node.Daemon.StopAsync(TimeSpan.FromSeconds(10));
            node = await network.StartAsync(0);
            await node.WaitForPeersAsync(1);
            Assert.Equal(env, await File.ReadAllTextAsync(node.SubnetFile, network.Limit));
        }

        Snapshot.AssertSame(kernel, await node.SnapshotAsync());
        var (there, back) = await prober.StopAsync();
        output.WriteLine($"{times} restarts: {there}; {back}");
        Assert.True(there.Lost.Count == 0 && back.Lost.Count == 0, $"{there}; {back}");
    }

    /// <summary>A hundred starts and stops, and a thousand with --long.</summary>
    [Theory]
    [InlineData("vxlan")]
    [InlineData("host-gw")]
    [InlineData("udp")]
    public async Task F35_Starts_and_stops_leave_no_link_rule_file_or_key_behind(string backend)
    {
        int times = Requires.IsLong ? 1000 : 100;
        using var network = await Network.CreateAsync(backend, hosts: 1, limitSeconds: Requires.IsLong ? 1200 : 120);
        await CycleAsync(3);
        // A TUN device notices a second later that nobody holds it any more.
        string kernel;
        do
        {
            kernel = await Snapshot.TakeAsync(network.Hosts[0]);
            await Task.Delay(1500, network.Limit);
        }
        while (Snapshot.Difference(kernel, await Snapshot.TakeAsync(network.Hosts[0])) is not null);
        string rest = await RestAsync();
        await CycleAsync(times);
        await Poll.UntilAsync("the kernel as before", async () => Snapshot.Difference(kernel, await Snapshot.TakeAsync(network.Hosts[0])));
        Assert.Equal(rest, await RestAsync());
        Assert.Empty(await network.Store.LeasesWithoutKeysAsync(network.Limit));

        async Task CycleAsync(int count)
        {
            for (int time = 0; time < count; time++)
            {
                var node = await network.StartAsync(0);
                await node.Daemon.StopAsync(TimeSpan.FromSeconds(10));
                Assert.Equal(0, node.Daemon.ExitCode);
            }
        }

        // Names of all keys, and of all files that a daemon of this name, or of any name in this place, has.
        async Task<string> RestAsync() => string.Join('\n', (await network.Store.GetPrefixAsync(Network.Prefix, network.Limit)).Select(item => item.Key)
            .Concat(Directory.EnumerateFileSystemEntries("/run/flannelps").Where(path => Path.GetFileName(path).StartsWith(network.Hosts[0].Name, StringComparison.Ordinal)))
            .Concat(Directory.EnumerateFileSystemEntries($"/var/lib/flannelps/{network.Hosts[0].Name}"))
            .Concat(Directory.EnumerateFileSystemEntries(network.Hosts[0].Folder)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task F43_Entries_of_a_peer_that_left_while_the_daemon_was_down_go_at_the_next_start()
    {
        using var network = await Network.CreateAsync(hosts: 3);
        var nodes = await network.StartAllAsync();
        await nodes[0].Daemon.StopAsync(TimeSpan.FromSeconds(2));
        await network.Store.DeleteAsync($"{Network.Prefix}/subnets/{nodes[2].Env.Key}", network.Limit);
        await nodes[2].Daemon.StopAsync(TimeSpan.FromSeconds(2));
        await network.Store.DeletePrefixAsync($"{Network.Prefix}/subnets/{nodes[2].Env.Key}", network.Limit);

        var again = await network.StartAsync(0);
        await again.WaitForPeersAsync(1);
        string kernel = await again.SnapshotAsync();
        Assert.DoesNotContain(nodes[2].Env.Subnet.BaseAddress.ToString(), kernel, StringComparison.Ordinal);
        Assert.DoesNotContain(nodes[2].Host.Address.ToString(), kernel, StringComparison.Ordinal);
        Assert.Contains(nodes[1].Env.Subnet.ToString(), kernel, StringComparison.Ordinal);
    }
}
