using System.Diagnostics;
using System.Text;
using System.Text.Json;
using FlannelPS.Diagnostics;

namespace FlannelPS.Engine.Tests.Diagnostic;

public sealed class SecretMaskTests
{
    private const string Canary = "c4nary!7f\"3a'9\\e";
    private static readonly SecretMask ByForm = new([]);

    public static TheoryData<string> Places =>
    [
        "FLANNELD_ETCD_PASSWORD={0}",
        "  export DB_PASSWORD={0}",
        "Environment=FLANNELD_ETCD_PASSWORD={0}",
        "Environment=\"FLANNELD_ETCD_PASSWORD={0} and more\"",
        "flannelpsd --etcd-username=root --etcd-password={0} --iface=eth0",
        "flannelpsd -etcd-password {0} --iface=eth0",
        "http://root:{0}@192.0.2.10:2379/x",
        "https://a:2379,https://user:{0}@b:2379",
        "endpoint \"http://{0}@host\" is wrong",
        "password: {0}",
        "{{\"Type\":\"wireguard\",\"PSK\":\"{0}\"}}",
        "{{\"api_key\" : \"{0}\", \"b\": 1}}",
        "{{\"config\":\"{{\\\"psk\\\":\\\"{0}\\\"}}\"}}",
        "Authorization: Bearer {0}{0}",
        "got authorization=Basic {0}",
        "PrivateKey = {0}",
        "-----BEGIN PRIVATE KEY-----\n{0}\n-----END PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\n{0}\nand no end",
        "2026-11-26T10:00:00.000Z info  -----BEGIN EC PRIVATE KEY-----\n2026-11-26T10:00:00.000Z info  {0}\n2026-11-26T10:00:00.000Z info  -----END EC PRIVATE KEY-----",
        "SetCredential=token:{0}",
    ];

    [Theory]
    [MemberData(nameof(Places))]
    public void F84_I6_a_secret_is_found_by_its_form(string place)
    {
        const string Secret = "c4nary-7f3a9e";
        var text = string.Format(null, place, Secret);
        var masked = ByForm.Apply($"before\n{text}\nafter", out var removed);
        Assert.DoesNotContain("c4nary", masked);
        Assert.Contains(SecretMask.Mark, masked);
        Assert.StartsWith("before\n", masked);
        Assert.True(removed > 0);
    }

    [Fact]
    public void F84_I6_a_known_secret_is_found_wherever_and_however_it_is_written()
    {
        var json = JsonSerializer.Serialize(new { whatever = $"x{Canary}y" });
        string[] places =
        [
            $"user logs in with {Canary}, twice: {Canary}", json, JsonSerializer.Serialize(json), $"http://host/?q={Uri.EscapeDataString(Canary)}",
            Convert.ToBase64String(Encoding.UTF8.GetBytes(Canary)), $"X=\"{Canary.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"", $"'{Canary.Replace("'", @"'\''")}'",
        ];
        var mask = new SecretMask([Canary]);
        foreach (var place in places)
        {
            var masked = mask.Apply(place, out var removed);
            Assert.DoesNotContain("c4nary", masked);
            Assert.DoesNotContain("YzRuYX", masked);
            Assert.True(removed > 0, place);
        }
        Assert.Equal("{\"whatever\":\"x<removed>y\"}", mask.Apply(json));
    }

    [Fact]
    public void What_is_no_secret_stays_as_it_is()
    {
        const string Text = """
            {"state":"Ready","store":"http://192.0.2.10:2379","keyfile":"/etc/flannelps/client-key.pem","prefix":"/coreos.com/network"}
            FLANNELD_ETCD_KEYFILE=/etc/flannelps/client-key.pem
            10.42.3.0/24 via 10.42.3.0 dev flannel.1 proto 70 onlink
            -A FORWARD -s 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
            mail root@example.com, see https://example.com/a@b
            -----BEGIN CERTIFICATE-----
            MIIBszCCAVmgAwIBAgIUQ
            -----END CERTIFICATE-----
            the password was refused by the store
            """;
        // An address with an @ in its path looks like one with a user: that is lost, and nothing else.
        Assert.Equal(Text.Replace("https://example.com/a@b", "https://<removed>@b"), ByForm.Apply(Text, out var removed));
        Assert.Equal(1, removed);
    }

    [Fact]
    public void Json_stays_json()
    {
        const string Text = """{"password":"a b\"c","token":12345,"list":["http://u:p@h:1"],"nested":{"psk":"x"},"end":true}""";
        using var masked = JsonDocument.Parse(ByForm.Apply("{\n  \"password\": \"a b\\\"c\",\n  \"list\": [\n    \"http://u:p@h:1\"\n  ],\n  \"nested\": {\n    \"psk\": \"x\"\n  },\n  \"end\": true\n}"));
        Assert.Equal((SecretMask.Mark, "http://<removed>@h:1", SecretMask.Mark, true),
            (masked.RootElement.GetProperty("password").GetString(), masked.RootElement.GetProperty("list")[0].GetString(), masked.RootElement.GetProperty("nested").GetProperty("psk").GetString(), masked.RootElement.GetProperty("end").GetBoolean()));
        Assert.DoesNotContain("12345", ByForm.Apply(Text));
    }

    [Fact]
    public void A_short_or_an_ordinary_word_does_not_take_the_text_apart()
    {
        Assert.Equal("true is not an x", new SecretMask(["x", "true"]).Apply("true is not an x"));
        Assert.Equal("<removed> is not", new SecretMask(["true", "truely"]).Apply("truely is not"));
    }

    [Fact]
    public void Secrets_are_learned_where_they_are_set()
        => Assert.Equal(
            new[] { "p w 1", "p2", "u3:p3", "p3", "p4\"x", "p5 y", "p5 y\"" }.Order(StringComparer.Ordinal),
            SecretMask.Find("FLANNELD_ETCD_PASSWORD=p w 1\nFLANNELD_IFACE=eth0\nargs --etcd-password p2 -v 1\nhttp://u3:p3@host\n{\"token\":\"p4\\\"x\"}\nEnvironment=\"X_TOKEN=p5 y\"").Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void F84_a_private_key_is_known_by_any_part_of_it()
    {
        var key = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49\nAwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----\n";
        var mask = new SecretMask([], KnownSecrets.PiecesOfKey(key));
        Assert.Equal("x <removed> y <removed>, <removed>\n", mask.Apply("x MIGHAgEAMBMGByqGSM49AgEGCCqGSM49 y AwEHBG0wawIBAQQg, NBMGByqGSM49AgEGCCqGSM49xx\n".Replace("NBMG", "MBMG")));
        // A part of a line, without its beginning and its end.
        Assert.Equal("<removed>", mask.Apply("IGHAgEAMBMGByqGSM49AgEGCCqGSM49"));
        Assert.Empty(KnownSecrets.PiecesOfKey("-----BEGIN CERTIFICATE-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49\n-----END CERTIFICATE-----\n"));
    }

    [Theory]
    [InlineData("://", 2_000_000)]
    [InlineData("-", 2_000_000)]
    [InlineData("password", 1_000_000)]
    [InlineData("-----BEGIN PRIVATE KEY-----", 200_000)]
    [InlineData("\"password\":\"", 300_000)]
    [InlineData("a", 8_000_000)]
    [InlineData("eyJ", 2_000_000)]
    public void A_text_made_to_be_slow_is_not(string part, int times)
    {
        var clock = Stopwatch.StartNew();
        _ = ByForm.Apply(new StringBuilder(part.Length * times).Insert(0, part, times).ToString());
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"{clock.Elapsed}");
    }
}
