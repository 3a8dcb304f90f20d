using System.Net;
using FlannelPS.Report;

namespace FlannelPS.Engine.Tests.Report;

/// <summary>Networks as nodes would tell of them: some hosts, some of them asked, with round trips, loss and faults that follow from the hosts' numbers alone.</summary>
internal static class GivenNetwork
{
    public static DateTimeOffset Taken { get; } = new(2026, 3, 14, 15, 9, 26, TimeSpan.Zero);

    /// <summary>A picture of so many hosts, seen by the first so many of them.</summary>
    public static Picture Of(int hosts, int asked, Func<int, int, PeerFact, PeerFact>? change = null, Func<int, string>? name = null)
        => PictureBuilder.Build([.. Enumerable.Range(0, asked).Select(i => Witness(i, hosts, change ?? ((_, _, peer) => peer), name ?? (n => $"node-{n + 1:00}")))], Taken);

    /// <summary>With a bit of everything that goes wrong.</summary>
    public static PeerFact WithFaults(int from, int to, PeerFact peer)
        => ((from * 7 + to * 13) % 61) switch
        {
            3 => peer with { State = LinkState.Lossy, Word = "Lossy", LossMinute = 0.05 + to % 5 * 0.09, LossHour = 0.03, Reason = "12 of 60 probes were lost in the last minute" },
            11 => peer with { State = LinkState.Unreachable, Word = "Unreachable", RoundTrip = null, LossMinute = 1, Mtu = null, Reason = "no answer for 41 s, and nothing of its own arrives: is UDP port 8472 open?" },
            23 when to % 2 == 0 => peer with { State = LinkState.OneWay, Word = "OneWay", RoundTrip = null, LossMinute = 1, Mtu = null, Reason = "its probes arrive here and ours do not come back" },
            37 => peer with { State = LinkState.MtuLimited, Word = "MtuLimited", Mtu = 1372, Reason = "packets of 1450 bytes are lost, those of 1372 pass" },
            41 when to % 3 == 0 => peer with { State = LinkState.Failed, Word = "Failed", RoundTrip = null, LossMinute = null, LossHour = null, Mtu = null, Reason = "RTM_NEWROUTE: EEXIST, somebody else's route stands in its place" },
            47 when to % 5 == 0 => peer with { State = LinkState.Refused, Word = "Refused", RoundTrip = null, LossMinute = null, LossHour = null, Mtu = null, Reason = "its public IP is this host's own" },
            5 or 29 => peer with { LossMinute = 0.017, LossHour = 0.004 },
            _ => peer,
        };

    public static IPNetwork SubnetOf(int i) => IPNetwork.Parse($"10.{42 + (i + 1) / 256}.{(i + 1) % 256}.0/24");

    public static IPAddress AddressOf(int i) => IPAddress.Parse($"198.18.{i / 200}.{11 + i % 200}");

    private static Witness Witness(int i, int hosts, Func<int, int, PeerFact, PeerFact> change, Func<int, string> name)
    {
        var network = IPNetwork.Parse(hosts < 200 ? "10.42.0.0/16" : "10.40.0.0/13");
        var peers = Enumerable.Range(0, hosts).Where(j => j != i).Select(j => change(i, j, Peer(i, j, name(j)))).ToList();
        var cut = peers.Find(peer => peer.State is LinkState.Unreachable or LinkState.OneWay);
        var node = new NodeFact(name(i), "flannel")
        {
            State = cut is null ? "Ready" : "PeerUnreachable",
            Causes = cut is null ? [] : [$"Peers: {peers.Count(peer => peer.State is LinkState.Unreachable or LinkState.OneWay)} cannot be reached, such as: {cut.Subnet} at {cut.PublicIP}: {cut.Reason}"],
            Network = network,
            Subnet = SubnetOf(i),
            SubnetLength = 24,
            SubnetMin = IPAddress.Parse(hosts < 200 ? "10.42.1.0" : "10.40.1.0"),
            SubnetMax = IPAddress.Parse(hosts < 200 ? "10.42.255.0" : "10.47.255.0"),
            PublicIP = AddressOf(i),
            Backend = "vxlan",
            Interface = "eth0",
            Mtu = 1450,
            Prefix = "/coreos.com/network",
            Version = "0.1.0",
            Firewall = "nftables",
            LeaseExpiration = Taken.AddHours(23),
            StartTime = Taken.AddDays(-3).AddMinutes(-17 * i),
        };
        var leases = Enumerable.Range(0, hosts).Select(j => new LeaseFact(SubnetOf(j), AddressOf(j), "vxlan", j % 40 == 2)).ToList();
        List<EventFact> events =
        [
            new(Taken.AddHours(-2), "Information", "LeaseAcquired", $"Acquired {SubnetOf(i)} until {Taken.AddHours(22):O}"),
            new(Taken.AddMinutes(-38 - i), "Information", "PeerAdded", $"{SubnetOf((i + 1) % hosts)} at {AddressOf((i + 1) % hosts)} is a peer now"),
            new(Taken.AddMinutes(-3 - i), "Warning", "RouteRepaired", $"The route to {SubnetOf((i + 2) % hosts)} was deleted by somebody and is back"),
        ];
        return new(node, peers, leases, events);
    }

    private static PeerFact Peer(int from, int to, string name)
    {
        // Far apart in number is far apart in place.
        var milliseconds = 0.18 + Math.Abs(from - to) % 37 * 0.045 + from * to % 11 * 0.02 + ((from + to) % 97 == 0 ? 9 : 0);
        return new(SubnetOf(to), AddressOf(to), LinkState.Reachable)
        {
            RoundTrip = TimeSpan.FromMilliseconds(milliseconds),
            LossMinute = 0,
            LossHour = 0,
            Mtu = 1450,
            LastAnswer = Taken.AddSeconds(-1 - to % 3),
            HostName = name,
            Version = "0.1.0",
            Backend = "vxlan",
        };
    }
}
