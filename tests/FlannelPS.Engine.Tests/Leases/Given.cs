using System.Net;
using System.Text;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Backends.Vxlan;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Tests.Leases;

/// <summary>Values that tests begin with: one network, one host in it, and its peers.</summary>
internal static class Given
{
    /// <summary>10.5.0.0/16 with a /24 a node.</summary>
    public static NetworkConfig Config(string backend = """{"Type":"vxlan"}""", string fields = "")
        => Read($$"""{"Network":"10.5.0.0/16",{{fields}}"Backend":{{backend}}}""");

    /// <summary>10.5.0.0/16 and fd00:5::/48.</summary>
    public static NetworkConfig Dual(string backend = """{"Type":"vxlan"}""")
        => Config(backend, "\"EnableIPv6\":true,\"IPv6Network\":\"fd00:5::/48\",");

    public static NetworkConfig Read(string json) => NetworkConfigReader.Read(Encoding.UTF8.GetBytes(json));

    public static Subnet Subnet(string key) => Engine.Leases.Subnet.ParseKey(key) ?? throw new ArgumentException(key);

    public static MacAddress Mac(string text) => MacAddress.TryParse(text, out var mac) ? mac : throw new ArgumentException(text);

    public static MacAddress OwnMac { get; } = Mac("02:00:00:00:00:01");

    public static MacAddress OwnMacV6 { get; } = Mac("02:00:00:00:06:01");

    /// <summary>Host 192.0.2.1 on interface 9, which reaches 192.0.2.0/24 and 2001:db8::/64 directly.</summary>
    public static NodeFacts Node { get; } = new(
        9, "eth9", 1500, IPAddress.Parse("192.0.2.1"), IPAddress.Parse("2001:db8::1"), IPAddress.Parse("192.0.2.1"), IPAddress.Parse("2001:db8::1"),
        [new(IPNetwork.Parse("192.0.2.0/24"), 9, false), new(IPNetwork.Parse("0.0.0.0/0"), 9, true), new(IPNetwork.Parse("2001:db8::/64"), 9, false)]);

    /// <summary>A vxlan lease.</summary>
    public static Lease Peer(string key, string publicIp, string mac, long created = 10, long modified = 0, string? publicV6 = null, string? macV6 = null)
        => Lease(key, new(
            IPAddress.Parse(publicIp), publicV6 is null ? null : IPAddress.Parse(publicV6), "vxlan",
            new VtepData(1, Mac(mac)).Write(), macV6 is null ? default : new VtepData(1, Mac(macV6)).Write()), created, modified);

    public static Lease Lease(string key, LeaseAttributes attributes, long created = 10, long modified = 0)
        => new("/n/subnets/" + key, Subnet(key), attributes, 7, created, modified == 0 ? created : modified);

    /// <summary>Peers 10.5.n.0/24 at 198.18.x.y, each with a MAC of its own.</summary>
    public static LeaseTable Peers(int count)
        => Table([.. Enumerable.Range(1, count).Select(i => Peer($"10.5.{i % 256}.0-24".Replace("10.5.", $"10.{5 + i / 256}."), $"198.18.{i / 250}.{i % 250 + 1}", $"02:00:00:01:{i / 256:x2}:{i % 256:x2}", 10 + i))]);

    public static LeaseTable Table(params IReadOnlyList<Lease> leases)
        => LeaseTable.Unknown with { Leases = LeaseTable.Unknown.Leases.AddRange(leases.Select(lease => KeyValuePair.Create(lease.Key, lease))), IsComplete = true };

    public static StoreKey Key(string key, string value, long revision = 5) => new("/n/subnets/" + key, Encoding.UTF8.GetBytes(value), revision, revision, 7);
}
