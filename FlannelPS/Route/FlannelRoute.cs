using System.Net;
using FlannelPS.Engine.Hosting;

namespace FlannelPS;

/// <summary>A route of an overlay on this host.</summary>
public sealed class FlannelRoute
{
    internal FlannelRoute(OverlayRoute route)
        => (Node, DestinationPrefix, NextHop, Interface, State) = (route.Node, route.Destination, route.NextHop, route.Interface, route.State);

    /// <summary>Where to.</summary>
    public IPNetwork DestinationPrefix { get; }

    /// <summary>By which gateway; null for none.</summary>
    public IPAddress? NextHop { get; }

    /// <summary>By which interface; empty for none.</summary>
    public string Interface { get; }

    /// <summary>
    /// <c>Active</c>: it stands. <c>Down</c>: it stands, and its interface is down. <c>Missing</c>: a peer has none. <c>Foreign</c>: somebody else's stands where a
    /// peer's belongs. <c>Stale</c>: it stands, and no peer needs it.
    /// </summary>
    public string State { get; }

    /// <summary>Whose; empty where no node could be asked.</summary>
    public string Node { get; }

    /// <summary>Its destination.</summary>
    public override string ToString() => DestinationPrefix.ToString();
}
