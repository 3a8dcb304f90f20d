using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.NetlinkH;
using static FlannelPS.Engine.Netlink.Wire.NfTablesH;

namespace FlannelPS.Engine.Netlink;

/// <summary>The two things of nftables that must not wait for a program: has anything changed, and a new member of a set.</summary>
/// <remarks>nfnetlink. In the network namespace of the thread that made it; calls may come from any thread, one at a time.</remarks>
internal sealed class RulesetSocket : IDisposable
{
    private const int MembersPerMessage = 200;
    private readonly object _gate = new();
    private readonly NetlinkSocket _socket = new(256 << 10, NETLINK_NETFILTER);
    private readonly byte[] _send = new byte[16 << 10];
    private readonly byte[] _receive = new byte[8 << 10];
    private uint _sequence;

    /// <summary>The number of the ruleset's last change, whoever made it; null where the kernel has no nftables.</summary>
    internal uint? Generation()
    {
        lock (_gate)
        {
            var writer = new MessageWriter(_send);
            writer.Begin(Type(NFT_MSG_GETGEN), NLM_F_REQUEST, ++_sequence);
            writer.Body(new NfGenMsg());
            writer.End();
            if (_socket.Send(writer.Written) != 0)
                return null;
            while (_socket.Receive(_receive, out var length) == 0)
            {
                var messages = new MessageReader(_receive.AsSpan(0, Math.Min(length, _receive.Length)));
                while (messages.TryRead(out var message))
                    if (message.Header.nlmsg_seq == _sequence && message.Type == Type(NFT_MSG_NEWGEN) && message.TryRead<NfGenMsg>(out _, out var attributes))
                        while (attributes.TryRead(out var type, out var value))
                            if (type == NFTA_GEN_ID && value.Length == sizeof(uint))
                                return BinaryPrimitives.ReadUInt32BigEndian(value);
            }
            return null;
        }
    }

    /// <summary>Puts addresses into a set; those that are in it stay.</summary>
    /// <returns>False when the kernel refused, because the set is not there for instance.</returns>
    internal bool TryAdd(AddressFamily family, string table, string set, IReadOnlyCollection<IPAddress> addresses)
    {
        lock (_gate)
            return addresses.Chunk(MembersPerMessage).All(some => TryAdd(family, table, set, some));
    }

    private bool TryAdd(AddressFamily family, string table, string set, IPAddress[] addresses)
    {
        var writer = new MessageWriter(_send);
        Batch(ref writer, NFNL_MSG_BATCH_BEGIN);
        writer.Begin(Type(NFT_MSG_NEWSETELEM), NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK, ++_sequence);
        writer.Body(new NfGenMsg { nfgen_family = Family.Of(family) });
        writer.Text(NFTA_SET_ELEM_LIST_TABLE, table);
        writer.Text(NFTA_SET_ELEM_LIST_SET, set);
        var elements = writer.BeginNested(NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED);
        foreach (var address in addresses)
        {
            var (element, key) = (writer.BeginNested(NFTA_LIST_ELEM | NLA_F_NESTED), writer.BeginNested(NFTA_SET_ELEM_KEY | NLA_F_NESTED));
            writer.Address(NFTA_DATA_VALUE, address);
            writer.EndNested(key);
            writer.EndNested(element);
        }
        writer.EndNested(elements);
        writer.End();
        var asked = _sequence;
        Batch(ref writer, NFNL_MSG_BATCH_END);
        if (_socket.Send(writer.Written) != 0)
            return false;
        while (_socket.Receive(_receive, out var length) == 0)
        {
            var messages = new MessageReader(_receive.AsSpan(0, Math.Min(length, _receive.Length)));
            while (messages.TryRead(out var message))
                if (message.Type == NLMSG_ERROR && message.Header.nlmsg_seq >= asked - 1)
                    return Answer.OfError(message).Errno == 0;
        }
        return false;
    }

    private void Batch(ref MessageWriter writer, ushort type)
    {
        writer.Begin(type, NLM_F_REQUEST, ++_sequence);
        writer.Body(new NfGenMsg { res_id = BinaryPrimitives.ReverseEndianness(NFNL_SUBSYS_NFTABLES) });
        writer.End();
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
