using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Firewall;

/// <summary>The tunnel's peers as iptables chains. iptables has no sets of its own, so many addresses become a tree: a packet passes some dozen rules, not thousands.</summary>
/// <remarks>Branches are entered by goto: a return at their end leaves the whole tree, so that what found no peer is dropped where it is.</remarks>
internal static class PeerTree
{
    private const int LeafSize = 16, BitsPerLevel = 4;

    /// <summary>Adds the chains.</summary>
    public static void Write(AddressFamily family, IEnumerable<IPAddress> peers, FirewallNames names, Dictionary<string, IReadOnlyList<string>> into)
    {
        var width = family == AddressFamily.InterNetwork ? 32 : 128;
        var sorted = peers.Select(peer => (Number: peer.ToNumber(), Address: peer)).OrderBy(peer => peer.Number).ToList();
        var count = 0;
        Branch(sorted, 0);

        string Branch(List<(UInt128 Number, IPAddress Address)> members, int prefix)
        {
            var name = names.Peers(count++);
            var rules = new List<string>();
            into[name] = rules;
            if (members.Count <= LeafSize)
                rules.AddRange(members.Select(member => $"-s {member.Address}/{width} -j RETURN"));
            else
            {
                // What all have in common needs no level of its own.
                var differ = members[0].Number ^ members[^1].Number;
                prefix = Math.Max(prefix, (int)UInt128.LeadingZeroCount(differ) - (128 - width));
                var length = Math.Min(width, prefix + BitsPerLevel);
                foreach (var group in members.GroupBy(member => member.Number >> (width - length)))
                {
                    var network = AddressNumber.ToAddress(group.Key << (width - length), family);
                    rules.Add($"-s {network}/{length} -g {Branch([.. group], length)}");
                }
            }
            rules.Add("-j DROP");
            return name;
        }
    }
}
