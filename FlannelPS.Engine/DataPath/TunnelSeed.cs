using System.Net;

namespace FlannelPS.Engine.DataPath;

/// <summary>What a successor needs to carry on at once.</summary>
/// <param name="Device">Name of the TUN device.</param>
/// <param name="Local">Address of the socket.</param>
/// <param name="Port">UDP port.</param>
/// <param name="Mtu">Longest packet, bytes.</param>
/// <param name="Own">Our subnet.</param>
/// <param name="OwnV6">Our IPv6 subnet; null where the tunnel carries none.</param>
/// <param name="Routes">The peers'.</param>
public sealed record TunnelSeed(string Device, IPAddress Local, ushort Port, int Mtu, IPNetwork Own, IPNetwork? OwnV6, IReadOnlyCollection<TunnelRoute> Routes);
