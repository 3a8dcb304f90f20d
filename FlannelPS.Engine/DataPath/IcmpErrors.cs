using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.DataPath;

/// <summary>What a sender can be told.</summary>
internal enum IcmpError
{
    /// <summary>Nobody has the destination.</summary>
    Unreachable,

    /// <summary>The time to live has run out.</summary>
    TimeExceeded,

    /// <summary>It does not fit, and must not be fragmented.</summary>
    TooBig,
}

/// <summary>Tells a sender why its packet goes no further.</summary>
/// <remarks>
/// The message leaves by a raw socket, as this host's own: written into the device, as the original does it, a packet with a local source address comes from
/// outside, and the kernel drops it as a martian. Both directions and families share one limit.
/// </remarks>
internal sealed class IcmpErrors : IDisposable
{
    private const int Burst = 50, PerSecond = 200;

    private readonly RawSocket? _socket, _socketV6;
    private readonly TokenBucket _limit = new(Burst, PerSecond);
    private readonly byte[] _message = new byte[IcmpV6Message.Longest];

    /// <param name="socket">Null where we may not: then nothing is told, only counted.</param>
    /// <param name="socketV6">The same for IPv6.</param>
    public IcmpErrors(RawSocket? socket, RawSocket? socketV6 = null) => (_socket, _socketV6) = (socket, socketV6);

    /// <summary>How much of a packet may be quoted, at most, bytes.</summary>
    public const int MaximumQuote = IcmpV6Message.MaximumQuote;

    /// <summary>Sends one, where the rules allow it.</summary>
    /// <param name="own">Our half of the packet's family: its address speaks.</param>
    /// <param name="error">What to tell.</param>
    /// <param name="mtu">What would fit, for <see cref="IcmpError.TooBig"/>.</param>
    /// <param name="about">The packet as it was received, or its beginning; checked before.</param>
    /// <returns>Whether one was sent.</returns>
    public bool Send(FamilyTable own, IcmpError error, int mtu, ReadOnlySpan<byte> about)
    {
        var isV6 = Packet.IsV6(about);
        // Until we have a subnet we have no address to speak from.
        if ((isV6 ? _socketV6 : _socket) is not { } socket || own.OwnAddress == 0 || !(isV6 ? IcmpV6Message.MayAnswer(about) : IcmpV4Message.MayAnswer(about)))
            return false;
        lock (_limit)
        {
            if (!_limit.TryTake())
                return false;
            var length = isV6 ? IcmpV6Message.Write(_message, own.OwnAddress, error, mtu, about) : IcmpV4Message.Write(_message, (uint)own.OwnAddress, error, mtu, about);
            var source = Packet.Addresses(about);
            return socket.Send(_message.AsSpan(0, length), source[..(source.Length / 2)]) == 0;
        }
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _socketV6?.Dispose();
    }
}
