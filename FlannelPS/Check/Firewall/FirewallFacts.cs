namespace FlannelPS.Checks;

/// <summary>What becomes of a packet at a rule, or at the end of a chain.</summary>
internal enum FirewallVerdict
{
    /// <summary>On to the next rule.</summary>
    Continue,

    /// <summary>Let through by this chain.</summary>
    Accept,

    /// <summary>Dropped without a word.</summary>
    Drop,

    /// <summary>Dropped with an error to the sender.</summary>
    Reject,

    /// <summary>Let through under another source.</summary>
    Masquerade,

    /// <summary>Through another chain, and back.</summary>
    Jump,

    /// <summary>Through another chain, and not back.</summary>
    Goto,

    /// <summary>Back to the chain before.</summary>
    Return,
}

/// <summary>Whether a packet meets a condition.</summary>
internal enum FirewallMatch
{
    /// <summary>It does not.</summary>
    No,

    /// <summary>It may: the condition is about something that is not known here, such as a set, a mark or a rate.</summary>
    Maybe,

    /// <summary>It does.</summary>
    Yes,
}

/// <summary>One rule, in a form that both tools' rules can be brought into.</summary>
/// <param name="Position">Its place in the chain, from 1.</param>
/// <param name="Text">As its tool shows it.</param>
/// <param name="Conditions">All must hold.</param>
/// <param name="Verdict">What it does.</param>
/// <param name="Target">The chain, for a jump.</param>
internal sealed record FirewallRule(int Position, string Text, IReadOnlyList<Func<FirewallPacket, FirewallMatch>> Conditions, FirewallVerdict Verdict, string Target = "")
{
    /// <summary>Whether a packet meets it.</summary>
    public FirewallMatch Meets(FirewallPacket packet)
        => Conditions.Aggregate(FirewallMatch.Yes, (all, condition) => all == FirewallMatch.No ? all : (FirewallMatch)Math.Min((int)all, (int)condition(packet)));
}

/// <summary>A chain of rules.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Hook">Where packets enter it (forward, input, ...); empty for one that is only jumped to.</param>
/// <param name="Policy">What becomes of who gets to its end.</param>
/// <param name="Rules">In order.</param>
internal sealed record FirewallChain(string Name, string Hook, FirewallVerdict Policy, IReadOnlyList<FirewallRule> Rules);

/// <summary>Chains that can jump to one another.</summary>
/// <param name="Name">How it is told: <c>iptables filter</c>, <c>nftables inet firewalld</c>.</param>
/// <param name="Chains">By name; in the order in which packets meet those with a hook.</param>
internal sealed record FirewallTable(string Name, IReadOnlyList<FirewallChain> Chains);

/// <summary>All rules that could be read, of IPv4.</summary>
/// <param name="Tables">The tables.</param>
/// <param name="Problem">Why some could not be read; empty for none.</param>
internal sealed record FirewallFacts(IReadOnlyList<FirewallTable> Tables, string Problem = "")
{
    /// <summary>The tables whose chains give packets another source.</summary>
    public IReadOnlyList<FirewallTable> Nat { get; init; } = [];
}

/// <summary>A packet to be led through the rules: the first of a connection.</summary>
/// <param name="Hook">forward, input, output or postrouting.</param>
/// <param name="Source">From whom.</param>
/// <param name="Destination">To whom.</param>
/// <param name="In">The device it came by; null where that is not known, empty for none.</param>
/// <param name="Out">The device it leaves by.</param>
/// <param name="Protocol">tcp, udp, icmp.</param>
/// <param name="Port">The destination port; 0 where any may be.</param>
internal sealed record FirewallPacket(string Hook, System.Net.IPAddress Source, System.Net.IPAddress Destination, string? In, string? Out, string Protocol, int Port);
