using System.Text.Json;
using System.Text.RegularExpressions;

namespace FlannelPS.SystemTests;

/// <summary>Together with the original 0.20.2. It misses events that come together, so hosts come one after another.</summary>
public sealed class MixedTests
{
    [Theory]
    [InlineData("vxlan", true)]
    [InlineData("vxlan", false)]
    [InlineData("host-gw", true)]
    [InlineData("host-gw", false)]
    public async Task R1_to_R6_In_a_mixed_cluster_all_pairs_ping_and_each_reads_the_others_leases(string backend, bool originalFirst)
    {
        Requires.Flanneld();
        using var network = await Network.CreateAsync(backend, hosts: 3);
        var envs = new List<SubnetEnv>();
        var ours = new List<Node>();
        for (int host = 0; host < 3; host++)
        {
            bool original = host % 2 == 0 == originalFirst;
            if (original)
            {
                envs.Add((await network.StartOriginalAsync(host)).Env);
            }
            else
            {
                ours.Add(await network.StartAsync(host));
                envs.Add(ours[^1].Env);
            }

            network.Hosts[host].AttachWorkload(envs[host]);
            await WaitForRoutesAsync(network, envs);
        }

        await network.AssertAllPairsPingAsync();

        var leases = await network.LeasesAsync();
        Assert.Equal(3, leases.Count);
        foreach (var lease in leases)
        {
            Assert.Matches(@"^/coreos\.com/network/subnets/10\.42\.\d{1,3}\.0-24$", lease.Key);
            Assert.NotEqual(0, lease.Lease);
            Assert.Equal(86400, await network.Store.GrantedTtlAsync(lease.Lease, network.Limit));
        }

        foreach (var node in ours)
        {
            var own = leases.Single(lease => lease.Key.EndsWith("/" + node.Env.Key, StringComparison.Ordinal));
            Assert.Equal(await DocumentedValueAsync(node, backend), own.Value);
            await Poll.UntilAsync($"three leases at {node.Host.Name}", async () =>
                await node.AskAsync("leases") is var known && known.EnumerateArray().Count(lease => !lease.TryGetProperty("invalid", out _)) == 3 ? null : $"{known}\n{node.Daemon.Log}", 2);
            Assert.Empty(await node.RefusedAsync());
        }

        // The original's own words about ours differ in address, MAC and subnet only.
        Assert.Single(leases.Select(lease => Regex.Replace(lease.Value, @"198\.18\.0\.\d+|([0-9a-f]{2}:){5}[0-9a-f]{2}", "_")).Distinct());
    }

    private static async Task<string> DocumentedValueAsync(Node node, string backend)
    {
        string data = "";
        if (backend == "vxlan")
        {
            using var link = JsonDocument.Parse(await node.RunAsync("ip", "-j", "link", "show", "flannel.1"));
            data = $$""","BackendData":{"VNI":1,"VtepMAC":"{{link.RootElement[0].GetProperty("address").GetString()}}"}""";
        }

        return $$"""{"PublicIP":"{{node.Host.Address}}","PublicIPv6":null,"BackendType":"{{backend}}"{{data}}}""";
    }

    private static async Task WaitForRoutesAsync(Network network, List<SubnetEnv> envs)
    {
        for (int host = 0; host < envs.Count; host++)
        {
            await Poll.UntilAsync($"routes of host {host + 1}", async () =>
            {
                string routes = (await network.Hosts[host].Namespace.RunAsync("ip", "-4", "route")).Output;
                return envs.All(env => routes.Contains($"{env.Subnet} ", StringComparison.Ordinal)) ? null : routes;
            });
        }
    }
}
