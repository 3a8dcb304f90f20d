using System.Net;

namespace FlannelPS;

/// <summary>What came of trying the way to one other host.</summary>
public sealed record FlannelConnectivityResult
{
    /// <summary>The node of this host that tried.</summary>
    public required string Node { get; init; }

    /// <summary>The other host's subnet.</summary>
    public required IPNetwork Subnet { get; init; }

    /// <summary>Its address on the underlay.</summary>
    public IPAddress? PublicIP { get; init; }

    /// <summary>The backend, such as vxlan.</summary>
    public string BackendType { get; init; } = "";

    /// <summary>The address in its subnet that was asked; null for none.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>How it ended.</summary>
    public FlannelTestStatus Status { get; init; }

    /// <summary>How many echo requests went through the tunnel, without those for the MTU.</summary>
    public int Sent { get; init; }

    /// <summary>How many were answered.</summary>
    public int Received { get; init; }

    /// <summary>The quickest way there and back; null for none.</summary>
    public TimeSpan? RoundTripTime { get; init; }

    /// <summary>The tunnel's MTU, bytes.</summary>
    public int? Mtu { get; init; }

    /// <summary>The longest packet that came through without being cut, bytes; null where that was not tried.</summary>
    public int? WorkingMtu { get; init; }

    /// <summary>Whether the host answers at its address on the underlay; null where it was not asked.</summary>
    public bool? IsUnderlayReachable { get; init; }

    /// <summary>The quickest way there and back on the underlay.</summary>
    public TimeSpan? UnderlayRoundTripTime { get; init; }

    /// <summary>What was seen, one line.</summary>
    public string Evidence { get; init; } = "";

    /// <summary>Why it is so; empty for what is right.</summary>
    public string Cause { get; init; } = "";

    /// <summary>What to do about it.</summary>
    public string Remedy { get; init; } = "";

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Subnet, status and what was seen on one line.</summary>
    public override string ToString() => $"{Subnet}: {Status}: {Evidence}";
}
