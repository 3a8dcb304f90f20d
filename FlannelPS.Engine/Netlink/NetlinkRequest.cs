using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink.Wire;

namespace FlannelPS.Engine.Netlink;

/// <summary>One change to ask of the kernel, as a value; nothing happens before <see cref="RouteSocket.Execute(IEnumerable{NetlinkRequest})"/>.</summary>
public abstract record NetlinkRequest
{
    private protected NetlinkRequest(ushort type, ushort flags) => (Type, Flags) = (type, flags);

    internal ushort Type { get; }

    internal ushort Flags { get; }

    /// <summary>The device it is about; 0 for none, or one that is to be made.</summary>
    internal abstract int Device { get; }

    /// <summary>Whether this takes something away.</summary>
    public bool IsDelete => Type is RtnetlinkH.RTM_DELLINK or RtnetlinkH.RTM_DELADDR or RtnetlinkH.RTM_DELROUTE or RtnetlinkH.RTM_DELNEIGH or RtnetlinkH.RTM_DELNEXTHOP;

    /// <summary>Whether the kernel's refusal means that it is as asked all the same.</summary>
    /// <remarks>ESRCH: routes; ENOENT: neighbours, FDB, nexthops; EADDRNOTAVAIL: addresses; ENODEV: links, and anything on a device that is gone.</remarks>
    internal virtual bool MeansAlreadyDone(int errno)
        => IsDelete ? errno is Errno.ESRCH or Errno.ENOENT or Errno.EADDRNOTAVAIL or Errno.ENODEV : errno == Errno.EEXIST;

    internal abstract void Write(ref MessageWriter writer);

    /// <summary>What it is about, without the device, for people.</summary>
    private protected abstract string Subject { get; }

    /// <summary>Message, object and device: <c>RTM_NEWROUTE 10.5.2.0/24 dev flannel.1</c>.</summary>
    /// <param name="deviceName">The device's name, null to show its index.</param>
    internal string Describe(string? deviceName)
        => $"{RtnetlinkH.Name(Type)} {Subject}{(Device == 0 ? "" : $" dev {deviceName ?? $"#{Device}"}")}";

    /// <summary>Message, object and device index, for people.</summary>
    public sealed override string ToString() => Describe(null);
}
