using System.Diagnostics;

namespace FlannelPS.SystemTests.Faults;

/// <summary>Somebody changes our kernel objects by hand, ten times a second and at random.</summary>
/// <remarks>FLANNELPS_TEST_SEED repeats a run; FLANNELPS_TEST_LONG=1 makes it a minute for each backend.</remarks>
public sealed class MutationTests(ITestOutputHelper output)
{
    // {peer} is one of the other nodes' subnets, {gateway} its first address, {mac} its device's, {host} its own address.
    private static readonly string[] Vxlan =
    [
        "ip route del {peer}",
        "ip route flush root 10.42.0.0/16 proto 70",
        "ip neigh del {gateway} dev flannel.1",
        "ip neigh flush dev flannel.1 nud permanent",
        "bridge fdb del {mac} dev flannel.1 dst {host} self",
        "bridge fdb append {mac} dev flannel.1 dst 198.18.0.201 self permanent",
        "ip link set flannel.1 down",
        "ip link set flannel.1 mtu 1280",
        "ip link set flannel.1 address 02:00:00:00:00:99",
        "ip addr flush dev flannel.1",
        "ip addr add 10.42.77.0/32 dev flannel.1",
        "ip link del flannel.1",
        "ip link set flannel.1 down name other0",
    ];

    private static readonly string[] HostGw =
    [
        "ip route del {peer}",
        "ip route flush root 10.42.0.0/16 proto 70",
        "ip route change {peer} via {host} dev eth0 mtu 1400 proto 70",
    ];

    [Theory]
    [InlineData("vxlan")]
    [InlineData("host-gw")]
    public async Task F40_F41_I2_Ten_random_changes_a_second_end_equal_to_the_model(string backend)
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("FLANNELPS_TEST_SEED"), out int given) ? given : Random.Shared.Next();
        var lasting = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("FLANNELPS_TEST_LONG") == "1" ? 60 : 8);
        output.WriteLine($"FLANNELPS_TEST_SEED={seed}");
        await using var bed = await SoakBed.CreateAsync(backend, 3, 240);
        var leases = await bed.Network.LeasesAsync();
        var macs = new Dictionary<string, string>();
        foreach (var node in bed.Nodes)
        {
            macs[node.Host.Name] = backend == "vxlan" ? await node.StatusAsync("vtepMac") : "";
        }

        var random = new Random(seed);
        var clock = Stopwatch.StartNew();
        var altered = new HashSet<string>();
        int changes = 0, effective = 0;
        while (clock.Elapsed < lasting)
        {
            var (node, peer) = (bed.Nodes[changes % 3], bed.Nodes[(changes + random.Next(1, 3)) % 3]);
            string[] commands = backend == "vxlan" ? Vxlan : HostGw;
            string command = commands[random.Next(commands.Length)]
                .Replace("{peer}", peer.Env.Subnet.ToString(), StringComparison.Ordinal)
                .Replace("{gateway}", peer.Env.Subnet.BaseAddress.ToString(), StringComparison.Ordinal)
                .Replace("{mac}", macs[peer.Host.Name], StringComparison.Ordinal)
                .Replace("{host}", peer.Host.Address.ToString(), StringComparison.Ordinal);

            // What is put in our object's place a third time in a minute is left there: once for each object.
            if ((command.Contains(" change ", StringComparison.Ordinal) || command.Contains(" append ", StringComparison.Ordinal)) && !altered.Add(node.Host.Name + command))
            {
                command = $"ip route del {peer.Env.Subnet}";
            }

            string[] words = command.Split(' ');
            effective += (await node.Host.Namespace.RunAsync(words[0], words[1..])).Succeeded ? 1 : 0;
            changes++;
            var next = TimeSpan.FromMilliseconds(100 * changes) - clock.Elapsed;
            await Task.Delay(next > TimeSpan.Zero ? next : TimeSpan.Zero, bed.Network.Limit);
        }

        // The promise is a second; a machine with other work gets more.
        var took = await Poll.UntilAsync($"seed {seed}: every node as the model", bed.DifferenceAsync, 10);
        output.WriteLine($"{backend}: {effective} of {changes} changes took effect; as the model {took.TotalMilliseconds:F0} ms after the last");
        Assert.True(effective > changes / 2, $"{effective} of {changes} changes took effect");
        Assert.Equal(leases, await bed.Network.LeasesAsync());
        Assert.Equal(bed.Foreign, await Task.WhenAll(bed.Network.Hosts.Select(Foreign.LookAsync)));
        await bed.Network.AssertAllPairsPingAsync();
    }
}
