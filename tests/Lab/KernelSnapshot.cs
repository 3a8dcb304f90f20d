using System.Text;
using System.Text.RegularExpressions;

namespace FlannelPS.Lab;

/// <summary>The network state of a namespace as text, without what changes by itself: two snapshots can be compared byte by byte.</summary>
public static partial class KernelSnapshot
{
    private static readonly string[][] Commands =
    [
        ["ip", "-d", "link", "show"],
        ["ip", "-d", "addr", "show"],
        ["ip", "-4", "rule", "show"],
        ["ip", "-6", "rule", "show"],
        ["ip", "-4", "-d", "route", "show", "table", "all"],
        ["ip", "-6", "-d", "route", "show", "table", "all"],
        ["ip", "-d", "nexthop", "show"],
        ["ip", "neigh", "show", "nud", "permanent"],
        ["bridge", "fdb", "show"],
        ["nft", "-s", "list", "ruleset"],
        ["iptables-save"],
        ["ip6tables-save"],
    ];

    /// <summary>Takes a snapshot. Tools that the machine lacks are left out.</summary>
    /// <param name="place">The namespace.</param>
    /// <param name="except">Words of the lines to leave out, such as the own device's name, where foreign state is compared.</param>
    public static async Task<string> TakeAsync(NetworkNamespace place, params IReadOnlyList<string> except)
    {
        var text = new StringBuilder();
        foreach (string[] command in Commands.Where(command => Command.IsThere(command[0])))
        {
            var result = await place.RunAsync(command[0], command[1..]);
            text.Append("# ").Append(result.Line).Append('\n');

            // A detail line belongs to the object above it, and a table of nftables reaches to its brace.
            bool leftOut = false;
            foreach (string line in result.Output.Split('\n'))
            {
                leftOut = (leftOut && (line.StartsWith("    ", StringComparison.Ordinal) || line.StartsWith('\t') || line is "}" or "")) || except.Any(word => line.Contains(word, StringComparison.Ordinal));
                if (!leftOut && line.Length > 0 && !line.StartsWith('#'))
                {
                    text.Append(Changing().Replace(line, "").TrimEnd()).Append('\n');
                }
            }
        }

        return text.ToString();
    }

    // Counters of iptables-save, remaining life of addresses and routes.
    [GeneratedRegex(@"\[\d+:\d+\]|expires \d+sec|(valid|preferred)_lft \S+|used \d+\S*|\w+_timer +\S+")]
    private static partial Regex Changing();
}
