using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.DataPath;

/// <summary>What both directions of a tunnel share.</summary>
internal sealed class TunnelParts(TunDevice device, UdpSocket socket, ushort port, ForwardingTable table, TunnelCounters counters, IcmpErrors errors, StopEvent stop)
{
    private volatile ForwardingTable _table = table;

    public TunDevice Device => device;

    public UdpSocket Socket => socket;

    /// <summary>Of both ends: a peer's port is not in its lease (R7).</summary>
    public ushort Port => port;

    public TunnelCounters Counters => counters;

    public IcmpErrors Errors => errors;

    public StopEvent Stop => stop;

    /// <summary>Who is where; exchanged as a whole while packets pass.</summary>
    public ForwardingTable Table
    {
        get => _table;
        set => _table = value;
    }
}
