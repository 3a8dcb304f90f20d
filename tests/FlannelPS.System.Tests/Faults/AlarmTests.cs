using System.Diagnostics;

namespace FlannelPS.SystemTests.Faults;

/// <summary>Normal life under load raises no alarm.</summary>
/// <remarks>20 seconds a backend; --long makes it five minutes, and FLANNELPS_TEST_MINUTES any other length.</remarks>
public sealed class AlarmTests(ITestOutputHelper output)
{
    private static readonly string[] Alarms = ["is Unreachable", "is OneWay", "is MtuLimited", "is Lossy", "not followed", "is not written", "failed, which is a defect"];

    [Theory]
    [InlineData("vxlan")]
    [InlineData("udp")]
    public async Task I8_F75_Normal_life_under_load_raises_no_alarm(string backend)
    {
        double minutes = double.TryParse(Environment.GetEnvironmentVariable("FLANNELPS_TEST_MINUTES"), out double given) ? given : Requires.IsLong ? 5 : 1 / 3.0;
        using var network = await Network.CreateAsync(backend, hosts: 4, limitSeconds: (int)(minutes * 60) + 180);
        var nodes = (await network.StartAllAsync("--subnet-lease-ttl=30")).ToList();
        await Poll.UntilAsync("all peers reached", async () => (await Task.WhenAll(nodes.Select(node => node.StatusAsync("probes.reachable")))).All(count => count == "3") ? null : "not yet", 20);
        var (clock, looks, rounds) = (Stopwatch.StartNew(), 0, 0);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(network.Limit);
        var watching = WatchAsync();
        while (clock.Elapsed < TimeSpan.FromMinutes(minutes) && !watching.IsCompleted)
        {
            // Load, a host whose daemon is restarted, another's configuration written anew: what happens every day.
            var (from, to) = (rounds % 4, (rounds + 1) % 4);
            var load = Traffic.TcpAsync(network.Hosts[from].Workload, network.Hosts[to].Workload, TimeSpan.FromSeconds(4));
            if (rounds % 3 == 1)
            {
                var again = rounds / 3 % 4;
                await nodes[again].Daemon.StopAsync(TimeSpan.FromSeconds(10));
                nodes[again] = await network.StartAsync(again, "--subnet-lease-ttl=30");
            }

            await network.Store.PutAsync(Network.Prefix + "/config", Network.Config(backend), network.Limit);
            try
            {
                await load;
            }
            catch (InvalidOperationException e)
            {
                // What makes the load may itself be starved by it; whether an alarm is raised is what is asked.
                output.WriteLine(e.Message);
            }

            rounds++;
        }

        await end.CancelAsync();
        Assert.Null(await watching);
        output.WriteLine($"{clock.Elapsed.TotalMinutes:F1} minutes, {rounds} rounds of load, {looks} looks at four nodes: no alarm");

        async Task<string?> WatchAsync()
        {
            while (!end.IsCancellationRequested)
            {
                foreach (var node in nodes.ToList())
                {
                    if (!node.Daemon.HasEnded && await TryStateAsync(node) is { } state and not ("Ready" or "Starting"))
                    {
                        return $"after {clock.Elapsed}: {node.Host.Name} is {state}: {await node.StatusAsync("causes")}";
                    }

                    if (Array.Find(Alarms, alarm => node.Daemon.Log.Contains(alarm, StringComparison.Ordinal)) is { } alarm)
                    {
                        return $"after {clock.Elapsed}: {node.Host.Name} says '{alarm}':\n{node.Daemon.Log}";
                    }
                }

                looks++;
                await Task.Delay(500, CancellationToken.None);
            }

            return null;
        }
    }

    // While it is restarted nobody answers.
    private static async Task<string?> TryStateAsync(Node node)
    {
        try
        {
            return await node.StatusAsync("state");
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or System.Net.Sockets.SocketException)
        {
            return null;
        }
    }
}
