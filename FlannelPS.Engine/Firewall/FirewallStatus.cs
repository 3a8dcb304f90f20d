namespace FlannelPS.Engine.Firewall;

/// <summary>How it stands with the host's firewall.</summary>
/// <param name="Implementation"><c>nftables</c>, <c>iptables</c> or <c>none</c>; empty before the first look.</param>
/// <param name="Masquerade">Whether traffic that leaves the network is to be masqueraded.</param>
/// <param name="Forward">Whether forwarded traffic of the network is to be accepted.</param>
/// <param name="StrictPeers">Whether strangers are to be kept from the tunnel in the kernel: asked for, and the backend has such a tunnel.</param>
/// <param name="IsApplied">Whether the rules stand.</param>
/// <param name="IsGuarded">Whether strangers are kept from the tunnel.</param>
/// <param name="Repairs">How often the rules were put back after somebody else had changed them, since the start.</param>
/// <param name="Dropped">Packets of strangers dropped, as of the last look, which is a minute ago at most; null where that is not counted.</param>
/// <param name="Missing">What was asked for and cannot be had here; empty for nothing.</param>
/// <param name="Problem">Why the rules do not stand at present, or do not stay; empty when they do.</param>
public sealed record FirewallStatus(
    string Implementation, bool Masquerade, bool Forward, bool StrictPeers, bool IsApplied, bool IsGuarded, long Repairs, long? Dropped, string Missing, string Problem)
{
    /// <summary>Before the first look.</summary>
    public static FirewallStatus None { get; } = new("", false, false, false, false, false, 0, null, "", "");

    /// <summary>Whether an operator has to act: something that was asked for does not work. A missing program is one only where masquerade is asked for.</summary>
    public bool IsDegraded => Problem.Length > 0 || Missing.Length > 0 && Masquerade;
}
