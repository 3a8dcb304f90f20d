using System.Diagnostics;

namespace FlannelPS.SystemTests.Faults;

/// <summary>Faults of every kind at every host, in an order that a seed gives; what is promised must hold at the end.</summary>
/// <remarks>FLANNELPS_TEST_SEED repeats a run; FLANNELPS_TEST_LONG=1 makes it ten minutes.</remarks>
public sealed class SoakTests(ITestOutputHelper output)
{
    private const int Hosts = 3;

    [Fact]
    public async Task I1_I2_I4_I5_After_a_random_mix_of_faults_every_node_is_equal_to_the_model()
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("FLANNELPS_TEST_SEED"), out int given) ? given : Random.Shared.Next();
        var lasting = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("FLANNELPS_TEST_LONG") == "1" ? 600 : 20);
        output.WriteLine($"FLANNELPS_TEST_SEED={seed}");
        await using var bed = await SoakBed.CreateAsync("vxlan", Hosts, (int)lasting.TotalSeconds + 120);
        var random = new Random(seed);
        var clock = Stopwatch.StartNew();
        int begun = 0;
        while (clock.Elapsed < lasting)
        {
            begun += await MixAsync(bed, random);
            var took = await Poll.UntilAsync($"seed {seed}, after {begun} faults: every node as the model", bed.DifferenceAsync, 30);
            output.WriteLine($"{clock.Elapsed.TotalSeconds:F0} s, {begun} faults: as the model {took.TotalMilliseconds:F0} ms after the last ended");
            Assert.Equal(bed.Subnets, bed.Nodes.Select(node => node.Env.Key));
        }

        Assert.Equal(bed.Foreign, await Task.WhenAll(bed.Network.Hosts.Select(Foreign.LookAsync)));
        Assert.Null(Model.Overlap(from item in await bed.ReadHistoryAsync() where item.Item.Key.Contains("/10.42.", StringComparison.Ordinal) select item));
        await bed.Network.AssertAllPairsPingAsync();
    }

    /// <summary>Begins some faults one after another, lets them overlap, and ends them all.</summary>
    private async Task<int> MixAsync(SoakBed bed, Random random)
    {
        var underWay = new Dictionary<(int Host, SoakFault Fault), Task>();
        int count = random.Next(3, 8);
        for (int i = 0; i < count; i++)
        {
            var (host, fault) = (random.Next(Hosts), SoakFault.All[random.Next(SoakFault.All.Count)]);
            if (underWay.Keys.Any(other => other.Host == host && (other.Fault == fault || Stops(other.Fault) || Stops(fault) && other.Fault.Seconds > 0)))
            {
                continue;
            }

            output.WriteLine($"  host {host + 1}: {fault.Name}");
            await fault.BeginAsync(bed, host);
            underWay[(host, fault)] = EndLaterAsync(bed, host, fault, random.NextDouble());
            await Task.Delay(random.Next(50, 800), bed.Network.Limit);
        }

        await Task.WhenAll(underWay.Values);
        return underWay.Count;
    }

    // What stands still or is away cannot be restarted, and the other way round.
    private static bool Stops(SoakFault fault) => fault.Name.StartsWith("F30", StringComparison.Ordinal) || fault.Name.StartsWith("F23", StringComparison.Ordinal);

    private static async Task EndLaterAsync(SoakBed bed, int host, SoakFault fault, double share)
    {
        await Task.Delay(TimeSpan.FromSeconds(fault.Seconds * share), bed.Network.Limit);
        await fault.EndAsync(bed, host);
    }
}
