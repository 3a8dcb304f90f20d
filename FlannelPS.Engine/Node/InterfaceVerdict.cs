using System.Net;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Node;

/// <summary>What the choice of the interface comes to for one of them.</summary>
/// <param name="Link">The device.</param>
/// <param name="IsChosen">Whether it is the one.</param>
/// <param name="IsUsable">Whether it could be, if it were named.</param>
/// <param name="Reason">Why it is chosen, or why not.</param>
/// <param name="Address">The IPv4 address that would be used; null for none.</param>
/// <param name="AddressV6">The IPv6 address.</param>
/// <param name="PublicIp">What would be told to other hosts.</param>
/// <param name="PublicIpV6">The same for IPv6.</param>
internal sealed record InterfaceVerdict(
    Link Link, bool IsChosen, bool IsUsable, string Reason, IPAddress? Address, IPAddress? AddressV6, IPAddress? PublicIp, IPAddress? PublicIpV6);

/// <summary>The choice of the interface, told for each of them.</summary>
/// <param name="Verdicts">One a device, the chosen one first, then those that could be chosen.</param>
/// <param name="Selection">The choice itself.</param>
internal sealed record InterfaceSurvey(IReadOnlyList<InterfaceVerdict> Verdicts, InterfaceSelection Selection);
