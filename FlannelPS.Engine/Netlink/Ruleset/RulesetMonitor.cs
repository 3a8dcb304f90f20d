using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.NfTablesH;

namespace FlannelPS.Engine.Netlink;

/// <summary>Somebody changed nftables, or iptables through it.</summary>
/// <param name="Table">The table; null when it is not known what was changed.</param>
/// <param name="Chain">The chain; null for a table or a set as such.</param>
internal readonly record struct RulesetChange(string? Table, string? Chain);

/// <summary>Tells of every change to nftables, whoever made it; iptables-nft's too. iptables-legacy's are told by nobody.</summary>
/// <remarks>nfnetlink's group NFNLGRP_NFTABLES.</remarks>
internal sealed class RulesetMonitor : IDisposable
{
    private const int ReceiveBuffer = 4 << 20;
    private readonly MulticastListener _listener;

    /// <summary>Starts to listen in the network namespace of the calling thread: what changes after this returned is told.</summary>
    /// <param name="notify">Called on the monitor's thread, one at a time; must not wait.</param>
    /// <exception cref="NetlinkException">The kernel refused, or has no nftables.</exception>
    internal RulesetMonitor(Action<RulesetChange> notify)
        => _listener = new(NetlinkH.NETLINK_NETFILTER, [NFNLGRP_NFTABLES], ReceiveBuffer, message =>
        {
            if (Parse(message) is { } change)
                notify(change);
        }, () => notify(default));

    /// <summary>Ends when the monitor was disposed; faulted when nothing more is told.</summary>
    internal Task Completion => _listener.Completion;

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    internal static RulesetChange? Parse(Message message)
    {
        if (message.Type >> 8 != NFNL_SUBSYS_NFTABLES)
            return null;
        var kind = (ushort)(message.Type & 0xff);
        var chainAttribute = kind switch
        {
            NFT_MSG_NEWCHAIN or NFT_MSG_DELCHAIN => NFTA_CHAIN_NAME,
            NFT_MSG_NEWRULE or NFT_MSG_DELRULE => NFTA_RULE_CHAIN,
            _ => (ushort)0,
        };
        if (kind is NFT_MSG_NEWGEN || !message.TryRead<NfGenMsg>(out _, out var attributes))
            return null;
        // The table's name is the first attribute of all kinds.
        var (table, chain) = ("", (string?)null);
        while (attributes.TryRead(out var type, out var value))
        {
            if (type == NFTA_TABLE_NAME)
                table = AttributeValue.Text(value);
            else if (type == chainAttribute)
                chain = AttributeValue.Text(value);
        }
        return new(table, chain);
    }
}
