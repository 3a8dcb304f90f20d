using System.Net;
using System.Net.Sockets;
using System.Text;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Firewall;

/// <summary>What the original flanneld leaves in a firewall: it is taken over when it is about our network, and left alone when it is another's.</summary>
/// <remarks>Sections 6.1 to 6.3 of the behaviour reference, versions 0.20.2 and 0.28.9.</remarks>
internal static class OriginalRules
{
    private static readonly (string Table, string Head, string Chain)[] Chains = [("nat", "POSTROUTING", "FLANNEL-POSTRTG"), ("filter", "FORWARD", "FLANNEL-FWD")];

    /// <summary>The original's nftables table of a family.</summary>
    public static string Table(AddressFamily family) => family == AddressFamily.InterNetwork ? "flannel-ipv4" : "flannel-ipv6";

    /// <summary>Whether networks, as rules name them, are those of a node of ours: our network is among them, and besides it only multicast.</summary>
    public static bool IsAbout(IReadOnlyCollection<IPNetwork> named, FamilyRules rules)
        => named.Contains(rules.Network) && named.All(network => network == rules.Network || AddressNumber.Contains(rules.Network, network) || IsMulticast(network));

    /// <summary>What takes the original's rules for our network out of iptables, as text for iptables-restore with <c>--noflush</c>; empty for nothing.</summary>
    public static string Remove(IptablesSave save, FamilyRules ours)
    {
        var text = new StringBuilder();
        foreach (var (table, head, chain) in Chains)
        {
            var rules = save.Rules(table, chain);
            var about = rules.Select(rule => (Rule: rule, Networks: Networks(rule))).ToList();
            var mine = about.Where(rule => rule.Networks.Count > 0 && rule.Networks.All(network => IsMulticast(network) || AddressNumber.Contains(ours.Network, network))).ToList();
            if (mine.Count == 0)
                continue;
            text.Append('*').Append(table).Append('\n');
            // Two of its daemons share these chains: what is another network's stays.
            if (about.Any(rule => rule.Networks.Count > 0 && !mine.Contains(rule)))
                foreach (var (rule, _) in mine)
                    text.Append("-D ").Append(chain).Append(' ').Append(rule).Append('\n');
            else
            {
                foreach (var rule in save.Rules(table, head).Where(rule => rule.EndsWith("-j " + chain, StringComparison.Ordinal)))
                    text.Append("-D ").Append(head).Append(' ').Append(rule).Append('\n');
                text.Append("-F ").Append(chain).Append("\n-X ").Append(chain).Append('\n');
            }
            text.Append("COMMIT\n");
        }
        return text.ToString();
    }

    private static bool IsMulticast(IPNetwork network)
        => network.PrefixLength == 4 && network.BaseAddress.Equals(IPAddress.Parse("224.0.0.0")) || network.PrefixLength == 8 && network.BaseAddress.Equals(IPAddress.Parse("ff00::"));

    private static List<IPNetwork> Networks(string rule)
    {
        var networks = new List<IPNetwork>();
        var words = rule.Split(' ');
        for (var i = 0; i + 1 < words.Length; i++)
            if (words[i] is "-s" or "-d" && IPNetwork.TryParse(words[i + 1], out var network))
                networks.Add(network);
        return networks;
    }
}
