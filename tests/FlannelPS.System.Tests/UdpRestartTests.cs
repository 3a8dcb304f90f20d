namespace FlannelPS.SystemTests;

/// <summary>What a probe every 10 ms loses while a daemon of the udp backend is exchanged. The original loses 10 to 22.</summary>
public sealed class UdpRestartTests(ITestOutputHelper output)
{
    private const int SIGKILL = 9;
    private const int SIGTERM = 15;

    [Theory]
    [InlineData("auto")]
    [InlineData("off")]
    public async Task F33_A_replaced_daemon_hands_its_tunnel_over_without_a_lost_probe(string offload)
    {
        using var network = await Network.CreateAsync("udp");
        var (nodes, prober) = await StartAsync(network, offload);
        using (prober)
        {
            string env = await File.ReadAllTextAsync(nodes[0].SubnetFile, network.Limit);
            var successor = network.Launch(0, "--replace", $"--udp-offload={offload}");
            await nodes[0].Daemon.WaitForExitAsync(network.Limit);
            Assert.Equal(0, nodes[0].Daemon.ExitCode);
            await successor.WaitReadyAsync();
            await successor.WaitForPeersAsync(1);
            Assert.Equal(env, await File.ReadAllTextAsync(successor.SubnetFile, network.Limit));
            await Task.Delay(200, network.Limit);
            await AssertLostAsync(prober, 0);
            Assert.Contains("Carrying on with the last tunnel and its 1 peers", successor.Daemon.Log, StringComparison.Ordinal);
            await network.AssertAllPairsPingAsync();

            // The successor can be replaced in turn, and stops as any other.
            for (int time = 0; time < 5; time++)
            {
                var next = network.Launch(0, "--replace", $"--udp-offload={offload}");
                await successor.Daemon.WaitForExitAsync(network.Limit);
                await next.WaitReadyAsync();
                successor = next;
            }

            await successor.Daemon.StopAsync(TimeSpan.FromSeconds(2));
        }
    }

    [Theory]
    [InlineData(SIGKILL)]
    [InlineData(SIGTERM)]
    public async Task F30_A_daemon_killed_and_started_at_once_carries_on_with_its_device_and_peers(int signal)
    {
        using var network = await Network.CreateAsync("udp");
        var (nodes, prober) = await StartAsync(network, "auto");
        using (prober)
        {
            nodes[0].Daemon.Signal(signal);
            await nodes[0].Daemon.WaitForExitAsync(network.Limit);
            var again = network.Launch(0);
            await again.WaitReadyAsync();
            await again.WaitForPeersAsync(1);
            await Task.Delay(200, network.Limit);
            Assert.Contains("Carrying on with the last tunnel", again.Daemon.Log, StringComparison.Ordinal);
            // Two or fewer on a machine at rest (docs/performance.md); on a busy one it takes longer to start a process.
            await AssertLostAsync(prober, 8);
        }
    }

    [Fact]
    public async Task F03_Without_the_store_a_restarted_daemon_goes_on_with_the_last_known_peers()
    {
        using var network = await Network.CreateAsync("udp");
        var nodes = await network.StartAllAsync();
        nodes[0].Daemon.Signal(SIGKILL);
        await nodes[0].Daemon.WaitForExitAsync(network.Limit);
        network.Members[0].Kill();
        var again = network.Launch(0);
        await again.WaitForLogAsync("Carrying on with the last tunnel and its 1 peers");
        await network.AssertAllPairsPingAsync();
    }

    [Fact]
    public async Task Replace_starts_as_usual_where_nobody_runs()
    {
        using var network = await Network.CreateAsync("udp", hosts: 1);
        var node = await network.StartAsync(0, "--replace");
        Assert.Equal("Ready", await node.StatusAsync("state"));
    }

    [Fact]
    public async Task F33_Replace_exchanges_a_daemon_of_a_kernel_backend_too()
    {
        using var network = await Network.CreateAsync("vxlan");
        var nodes = await network.StartAllAsync();
        using var prober = await network.ProbeAsync(nodes[0], nodes[1]);
        var successor = network.Launch(0, "--replace");
        await nodes[0].Daemon.WaitForExitAsync(network.Limit);
        Assert.Equal(0, nodes[0].Daemon.ExitCode);
        await successor.WaitReadyAsync();
        await successor.WaitForPeersAsync(1);
        await Task.Delay(300, network.Limit);
        await AssertLostAsync(prober, 0);
    }

    internal static async Task<(IReadOnlyList<Node> Nodes, Prober Prober)> StartAsync(Network network, string offload)
    {
        var nodes = await network.StartAllAsync($"--udp-offload={offload}");
        var prober = Prober.Start(nodes[0].Host.Workload, nodes[1].Host.Workload);
        await prober.WaitUntilFlowingAsync(network.Limit);
        await Task.Delay(300, network.Limit);    // the tunnel's peers are saved beside all that
        prober.Restart();
        return (nodes, prober);
    }

    private async Task AssertLostAsync(Prober prober, int most)
    {
        var (there, back) = await prober.StopAsync();
        output.WriteLine($"{there}; {back}");
        Assert.True(there.Lost.Count <= most && back.Lost.Count <= most, $"{there}; {back}");
        Assert.True(there.Sent > 20, $"only {there.Sent} probes");
    }
}
