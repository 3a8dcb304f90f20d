using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.IfLinkH;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Netlink;

public sealed partial class RouteSocket
{
    /// <summary>All devices, by index.</summary>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public List<Link> DumpLinks() => Dump<Link>(RTM_GETLINK, WriteLinkFilter, LinkMessage.TryParse);

    /// <summary>The device of this name (or alternative name), or null.</summary>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public Link? FindLink(string name)
        => !InterfaceName.IsValid(name) ? null : FindLink((ref MessageWriter writer) =>
        {
            writer.Body(default(IfInfoMsg));
            writer.UInt32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
            writer.Text(IFLA_IFNAME, name);
        });

    /// <summary>The device of this index, or null.</summary>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public Link? FindLink(int index)
        => index <= 0 ? null : FindLink((ref MessageWriter writer) =>
        {
            writer.Body(new IfInfoMsg { ifi_index = index });
            writer.UInt32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        });

    private Link? FindLink(BodyWriter body)
    {
        var answer = Get<Link>(RTM_GETLINK, body, LinkMessage.TryParse, out var link);
        return answer.Errno switch
        {
            0 => link,
            Errno.ENODEV => null,
            _ => throw new NetlinkException(nameof(RTM_GETLINK), answer.Errno, answer.KernelMessage),
        };
    }

    // Counters are most of a link's message, and nobody here reads them.
    private static void WriteLinkFilter(ref MessageWriter writer)
    {
        writer.Body(default(IfInfoMsg));
        writer.UInt32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    }
}
