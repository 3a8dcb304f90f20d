using System.Buffers;
using System.Text;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Firewall;

/// <summary>What the firewall objects of one instance are called, so that two networks on a host never touch each other's.</summary>
/// <remarks>The original's names are not used: two of its daemons share one chain, and flush each other's rules .</remarks>
internal sealed class FirewallNames
{
    private const string Mark = "FLPS-";

    /// <summary>28 characters a chain's name may have (XT_EXTENSION_MAXNAMELEN, less the NUL), without the longest beginning, <c>FLPS-P0123-</c>.</summary>
    private const int TagLength = 17;

    /// <param name="instance">The instance's name.</param>
    public FirewallNames(string instance)
    {
        Instance = instance;
        var tag = instance.Length <= TagLength ? instance : $"{instance[..(TagLength - 9)]}-{Fingerprint.Hex(Encoding.UTF8.GetBytes(instance))[..8]}";
        (PostRouting, Forward, Input, _tag) = ($"{Mark}POST-{tag}", $"{Mark}FWD-{tag}", $"{Mark}IN-{tag}", tag);
    }

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
    private readonly string _tag;

    /// <summary>The instance's name.</summary>
    public string Instance { get; }

    /// <summary>The nftables table, one in family ip and one in ip6.</summary>
    public string Table => "flannelps-" + Instance;

    /// <summary>What rules of ours in chains of others carry.</summary>
    public string Comment => "flannelps " + Instance;

    /// <summary>The iptables chain behind nat POSTROUTING.</summary>
    public string PostRouting { get; }

    /// <summary>The iptables chain behind filter FORWARD.</summary>
    public string Forward { get; }

    /// <summary>The iptables chain behind filter INPUT, for the tunnel's port.</summary>
    public string Input { get; }

    /// <summary>The chains with the tunnel's peers: 0 is the root, the others are its branches.</summary>
    public string Peers(int number) => $"{Mark}P{number:x}-{_tag}";

    /// <summary>Whether a chain is one of this instance's.</summary>
    public bool Owns(string chain)
    {
        if (chain == PostRouting || chain == Forward || chain == Input)
            return true;
        var number = chain.AsSpan();
        return number.StartsWith(Mark + "P") && number.EndsWith("-" + _tag) && number.Length > Mark.Length + 1 + 1 + _tag.Length
            && !number[(Mark.Length + 1)..^(_tag.Length + 1)].ContainsAnyExcept(HexDigits);
    }

    /// <summary>Whether a rule, as iptables-save writes it, leads into a chain of any FlannelPS instance. Such rules share the head of a chain, in any order.</summary>
    public static bool IsJumpOfAny(string rule)
        => rule.StartsWith("-j " + Mark, StringComparison.Ordinal) || rule.Contains(" -j " + Mark, StringComparison.Ordinal);
}
