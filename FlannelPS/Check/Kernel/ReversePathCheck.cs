using System.Net.Sockets;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Checks;

/// <summary>A strict reverse path filter drops what comes in another way than answers go.</summary>
internal sealed class ReversePathCheck() : Check("ReversePath", CheckCategory.Kernel, FlannelCheckScope.Host | FlannelCheckScope.Node, "Whether the reverse path filter (rp_filter) drops packets that come by another interface than answers leave by.")
{
    private const int Strict = 1;

    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var host = facts.Host;
        if (host.Selection?.Interface?.Link is not { } link)
            return [Finding.Skip("No interface towards other hosts is known.")];
        // The kernel takes the greater of the two (ip-sysctl: conf/all/rp_filter).
        var (all, own) = (host.Setting("net/ipv4/conf/all/rp_filter"), host.Setting(Sysctl.OfDevice(AddressFamily.InterNetwork, link.Name, "rp_filter")));
        if (all is null || own is null)
            return [Finding.Skip("The kernel does not tell its rp_filter.", link.Name)];
        var effective = Math.Max(all.Value, own.Value);
        var ways = host.Routes.Where(route => route.Destination.PrefixLength == 0 && route.Destination.BaseAddress.AddressFamily == AddressFamily.InterNetwork && route.LinkIndex != 0)
            .Select(route => route.LinkIndex).Append(link.Index).Distinct().Count();
        return [effective == Strict && ways > 1
            ? Finding.Warn($"rp_filter of {link.Name} is strict, and this host has {ways} ways out.", "A tunnel's packet that comes by one of them and would be answered by another is dropped.",
                $"sysctl -w net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.{link.Name}.rp_filter=2, which is the loose form.", link.Name)
            : Finding.Pass($"rp_filter of {link.Name} is {effective}, with {(ways == 1 ? "one way" : $"{ways} ways")} out.", link.Name)];
    }
}
