using System.Text;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Tests.Leases;

public sealed class LeaseTableTests
{
    private const string Prefix = "/n/subnets/";
    private const string Value = """{"PublicIP":"192.0.2.11","PublicIPv6":null,"BackendType":"host-gw"}""";

    public static TheoryData<string, string> Hostile => new()
    {
        { "10.5.9.0-24", "" },
        { "10.5.9.0-24", "{" },
        { "10.5.9.0-24", "\0\0\0" },
        { "10.5.9.0-24", """{"PublicIP":null}""" },
        { "10.5.9.0-24", """{"PublicIP":"192.0.2.9","PublicIP":[]}""" },
        { "10.5.9.0-24", new string('[', 5000) },
        { "10.5.9.0-24", new string('x', 1 << 20) },
        { "readme", Value },
        { "", Value },
        { "10.5.9.0-24/child", Value },
        { "x10.5.9.0-24", Value },
        { "10.5.9.0-24\nForged: line", Value },
        { "\ufffd\ufffd", Value },
        { new string('9', 5000), Value },
    };

    [Theory, MemberData(nameof(Hostile))]
    public void F66_L1_a_bad_key_is_reported_and_every_other_peer_stays(string key, string value)
    {
        var good = Enumerable.Range(1, 5).Select(i => Given.Key($"10.5.{i}.0-24", Value)).ToList();
        var listed = LeaseTable.Of(Prefix, [.. good, Given.Key(key, value)]);
        var watched = LeaseTable.Of(Prefix, good).With(Prefix, [new StoreEvent.Put(Given.Key(key, value))]);
        foreach (var table in new[] { listed, watched })
        {
            Assert.Equal(good.Select(item => item.Key), table.Leases.Keys.Order());
            var bad = Assert.Single(table.Invalid).Value;
            Assert.NotEmpty(bad.Reason);
            Assert.True(bad.Key.Length <= 256 && !bad.Key.Any(char.IsControl), bad.Key);
            Assert.True(table.IsComplete);
        }
        var after = watched.With(Prefix, [new StoreEvent.Deleted(Prefix + key, 9)]);
        Assert.Equal(5, after.Leases.Count);
        Assert.Empty(after.Invalid);
    }

    [Fact]
    public void A_lease_that_turns_bad_goes_and_one_that_is_corrected_comes()
    {
        var table = LeaseTable.Of(Prefix, [Given.Key("10.5.1.0-24", Value)]).With(Prefix, [new StoreEvent.Put(Given.Key("10.5.1.0-24", "junk", 6))]);
        Assert.Empty(table.Leases);
        Assert.Equal(Given.Subnet("10.5.1.0-24"), table.Invalid.Values.Single().Occupied);
        table = table.With(Prefix, [new StoreEvent.Put(Given.Key("10.5.1.0-24", Value, 7))]);
        Assert.Equal(7, table.Leases.Values.Single().ModRevision);
        Assert.Empty(table.Invalid);
    }

    [Fact]
    public void Q25_what_the_original_takes_for_occupied_is_not_given_away()
    {
        var table = LeaseTable.Of(Prefix, [Given.Key("10.5.1.0-24", Value), Given.Key("foo10.5.2.0-24", Value), Given.Key("10.5.3.0-24", "junk"), Given.Key("readme", "x")]);
        Assert.Equal(["10.5.1.0/24", "10.5.2.0/24", "10.5.3.0/24"], table.Occupied.Select(subnet => subnet.ToString()).Order());
    }

    [Fact]
    public void The_order_of_events_decides_and_several_of_one_key_are_taken_one_after_another()
    {
        var table = LeaseTable.Of(Prefix, []).With(Prefix,
        [
            new StoreEvent.Put(Given.Key("10.5.1.0-24", Value, 6)),
            new StoreEvent.Deleted(Prefix + "10.5.1.0-24", 7),
            new StoreEvent.Put(Given.Key("10.5.1.0-24", Value, 8)),
            new StoreEvent.Put(Given.Key("10.5.2.0-24", Value, 9)),
            new StoreEvent.Deleted(Prefix + "10.5.2.0-24", 10),
        ]);
        Assert.Equal(8, Assert.Single(table.Leases).Value.ModRevision);
    }

    [Fact]
    public void Nothing_is_complete_before_the_first_list() => Assert.False(LeaseTable.Unknown.IsComplete);

    [Fact]
    public void F66_random_keys_and_values_never_throw()
    {
        var random = new Random(25);
        for (var i = 0; i < 20_000; i++)
        {
            var (key, value) = (new byte[random.Next(40)], new byte[random.Next(60)]);
            random.NextBytes(key);
            random.NextBytes(value);
            var read = LeaseReader.Read(Prefix, new(Prefix + Encoding.UTF8.GetString(key), value, 1, 1, 0));
            Assert.True(read is Lease or InvalidLease);
        }
    }
}
