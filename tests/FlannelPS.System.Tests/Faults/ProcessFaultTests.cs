namespace FlannelPS.SystemTests.Faults;

/// <summary>What the machine around a daemon does to it.</summary>
public sealed class ProcessFaultTests(ITestOutputHelper output)
{
    private const string FakeTime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

    [Fact]
    public async Task F27_The_wall_clock_jumps_a_day_and_back_and_no_renewal_is_missing()
    {
        Assert.SkipUnless(File.Exists(FakeTime), "libfaketime is not installed");
        using var network = await Network.CreateAsync(hosts: 2);
        var peer = await network.StartAsync(1);
        string clock = Path.Combine(network.Underlay.Folder, "clock");
        await File.WriteAllTextAsync(clock, "+0", network.Limit);
        var host = network.Hosts[0];
        var node = new Node(host, host.Start("env",
        [
            $"LD_PRELOAD={FakeTime}", $"FAKETIME_TIMESTAMP_FILE={clock}", "FAKETIME_NO_CACHE=1", "DONT_FAKE_MONOTONIC=1",
            Programs.Flannelpsd, $"--etcd-endpoints={network.Endpoints}", "--iface=eth0", $"--subnet-file={host.SubnetFile}", $"--name={host.Name}", "--subnet-lease-ttl=6",
        ]), network.Limit);
        await node.WaitReadyAsync();
        var leases = await network.LeasesAsync();
        foreach (string jump in new[] { "+1d", "-1d" })
        {
            string before = await node.StatusAsync("lease.expires");
            await File.WriteAllTextAsync(clock, jump, network.Limit);
            await Poll.UntilAsync("a renewal that shows the jump", async () => await node.StatusAsync("lease.expires") is var now
                && (DateTimeOffset.Parse(now) - DateTimeOffset.Parse(before)).Duration().TotalHours > 23 ? null : $"{before}, {now}");

            // Longer than the lease lives: without renewals it would be gone, with a second grant it would be another.
            for (int second = 0; second < 8; second++)
            {
                await Task.Delay(1000, network.Limit);
                Assert.Equal(leases, await network.LeasesAsync());
                Assert.Equal("Ready", await node.StatusAsync("state"));
            }
        }

        Assert.False(peer.Daemon.HasEnded);
        await peer.WaitForPeersAsync(1);
    }

    [Fact]
    public async Task F34_Without_a_descriptor_left_it_keeps_what_it_has_says_so_and_recovers()
    {
        using var network = await Network.CreateAsync();
        await using var relay = network.NewRelay();
        var (node, peer) = await network.StartBehindAsync(relay);
        using var prober = await network.ProbeAsync(node, peer);

        // No more than it has: a lost connection cannot be opened again.
        int open = Directory.GetFiles($"/proc/{node.Daemon.Id}/fd").Length;
        (await network.Underlay.Bridge.RunAsync("prlimit", $"--pid={node.Daemon.Id}", $"--nofile={open - 2}:")).ThrowIfFailed();
        relay.Cut();
        relay.Join();
        await node.WaitForLogAsync("store", 20);
        await Task.Delay(3000, network.Limit);
        Assert.False(node.Daemon.HasEnded, node.Daemon.Log);
        int lines = node.Daemon.Log.Count(character => character == '\n');
        await Task.Delay(3000, network.Limit);
        Assert.InRange(node.Daemon.Log.Count(character => character == '\n') - lines, 0, 20);
        var usage = node.Daemon.Usage;

        (await network.Underlay.Bridge.RunAsync("prlimit", $"--pid={node.Daemon.Id}", "--nofile=1024:")).ThrowIfFailed();
        await node.WaitForStatusAsync("state", "Ready", 40);
        await node.WaitForStatusAsync("store.following", "True", 40);
        output.WriteLine($"{open} descriptors, {usage}; afterwards {Directory.GetFiles($"/proc/{node.Daemon.Id}/fd").Length}");
        var (there, back) = await prober.StopAsync();
        Assert.True(there.Lost.Count == 0 && back.Lost.Count == 0, $"{there}; {back}");
    }
}
