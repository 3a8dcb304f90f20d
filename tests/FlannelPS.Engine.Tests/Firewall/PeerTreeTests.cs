using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Firewall;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Tests.Firewall;

public sealed class PeerTreeTests
{
    [Theory]
    [InlineData(AddressFamily.InterNetwork, 0)]
    [InlineData(AddressFamily.InterNetwork, 1)]
    [InlineData(AddressFamily.InterNetwork, 17)]
    [InlineData(AddressFamily.InterNetwork, 3000)]
    [InlineData(AddressFamily.InterNetworkV6, 3000)]
    public void A_peer_returns_a_stranger_is_dropped_and_neither_passes_many_rules(AddressFamily family, int count)
    {
        var random = new Random(count);
        var peers = Enumerable.Range(0, count).Select(_ => Address()).Distinct().ToList();
        var chains = new Dictionary<string, IReadOnlyList<string>>();
        PeerTree.Write(family, peers, Wanted.Names, chains);
        foreach (var peer in peers)
            Assert.Equal("RETURN", Walk(peer).Verdict);
        for (var i = 0; i < 1000; i++)
            if (Address() is var stranger && !peers.Contains(stranger))
                Assert.Equal("DROP", Walk(stranger).Verdict);
        Assert.InRange(peers.Select(peer => Walk(peer).Rules).DefaultIfEmpty(0).Max(), 0, 100);

        // Crowded in one network, as hosts are.
        IPAddress Address() => family == AddressFamily.InterNetwork
            ? AddressNumber.ToAddress(0xC612_0000u + (uint)random.Next(65536), family)
            : AddressNumber.ToAddress(IPAddress.Parse("2001:db8::").ToNumber() + (uint)random.Next(1 << 20), family);

        (string Verdict, int Rules) Walk(IPAddress source)
        {
            var (chain, passed) = (Wanted.Names.Peers(0), 0);
            while (true)
            {
                foreach (var rule in chains[chain])
                {
                    passed++;
                    var words = rule.Split(' ');
                    if (words[0] == "-j")
                        return (words[1], passed);
                    if (!IPNetwork.Parse(words[1]).Contains(source))
                        continue;
                    if (words[2] == "-j")
                        return (words[3], passed);
                    chain = words[3];
                    goto Branch;
                }
                return ("", passed);
            Branch:;
            }
        }
    }
}
