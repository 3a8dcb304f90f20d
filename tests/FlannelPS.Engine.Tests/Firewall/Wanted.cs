using System.Net;
using FlannelPS.Engine.Firewall;

namespace FlannelPS.Engine.Tests.Firewall;

/// <summary>Rules to test with.</summary>
internal static class Wanted
{
    public static FirewallNames Names { get; } = new("test");

    public static FamilyRules V4 { get; } = new(IPNetwork.Parse("10.42.0.0/16"), IPNetwork.Parse("10.42.7.0/24"), new(true, []), true, Guard("198.18.0.12", "198.18.0.13"));

    public static FamilyRules V6 { get; } = new(IPNetwork.Parse("fd00:42::/48"), IPNetwork.Parse("fd00:42:0:7::/64"), new(true, []), true, Guard("2001:db8::12", "2001:db8::13"));

    public static RuleSet Both(FirewallNames? names = null) => new(names ?? Names, [V4, V6]);

    public static PeerGuard Guard(params string[] peers) => new(8472, 1, [.. peers.Select(IPAddress.Parse)]);
}
