using System.Net.Sockets;

namespace FlannelPS.Engine.Node;

/// <remarks>The same choice, told for every interface: what a person asks who did not get the one that was meant.</remarks>
public static partial class InterfaceSelector
{
    /// <summary>Chooses, and says of each interface why it is chosen or not.</summary>
    internal static InterfaceSurvey Survey(InterfaceOptions options, InterfaceFacts facts, bool dualStack)
    {
        var selection = Select(options, facts, dualStack);
        var tried = Candidates(options, facts, dualStack, []).ToList();
        var verdicts = facts.Links.Select(link => Judge(link, selection.Interface, tried, options, facts, dualStack));
        return new([.. verdicts.OrderBy(verdict => !verdict.IsChosen).ThenBy(verdict => !verdict.IsUsable)], selection);
    }

    private static InterfaceVerdict Judge(
        Netlink.Link link, ExternalInterface? chosen, List<Candidate> tried, InterfaceOptions options, InterfaceFacts facts, bool dualStack)
    {
        var candidate = tried.Find(one => one.Link.Index == link.Index);
        var filled = Fill(candidate ?? new("", link, null, null), options, facts, dualStack, out var reason);
        var isChosen = chosen?.Link.Index == link.Index;
        if (isChosen)
            filled = chosen;
        return new(
            link, isChosen, filled is not null && (link.Flags & Netlink.Link.IFF_LOOPBACK) == 0,
            isChosen ? tried.Find(one => one.Link.Index == link.Index && Fill(one, options, facts, dualStack, out _) is not null)!.Why
                : filled is null ? candidate is null ? reason : $"{candidate.Why}: {reason}"
                : candidate is not null ? $"{candidate.Why}, but {chosen!.Link.Name} comes first"
                : IsNamed(options) ? "no option names it"
                : options.PublicIp is { } own && Owner(own, facts) is not null ? $"it has not the address {own}"
                : "no default route goes by it",
            filled?.Address ?? AddressPreference.Usable(link, facts.Addresses, AddressFamily.InterNetwork).FirstOrDefault(),
            filled?.AddressV6 ?? AddressPreference.Usable(link, facts.Addresses, AddressFamily.InterNetworkV6).FirstOrDefault(),
            filled?.PublicIp, filled?.PublicIpV6);
    }
}
