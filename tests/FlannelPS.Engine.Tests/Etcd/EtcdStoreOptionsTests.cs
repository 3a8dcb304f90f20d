using FlannelPS.Engine.Etcd;
using FlannelPS.Lab;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlannelPS.Engine.Tests.Etcd;

public sealed class EtcdStoreOptionsTests
{
    private static string Refused(StoreOptions options) => Assert.Throws<ArgumentException>(() => Store.Open(options, NullLogger.Instance)).Message;

    [Theory]
    [InlineData("no etcd endpoint", "")]
    [InlineData("Unix socket", "unix:///run/etcd.sock")]
    [InlineData("not usable", "ftp://host:21")]
    [InlineData("not usable", "http://")]
    [InlineData("has a path", "http://host:2379/v3")]
    [InlineData("carries a user", "http://root:hunter2@host:2379")]
    [InlineData("leave TLS", "https://a:2379", "b:2379")]
    [InlineData("stands alone", "local:/tmp/x", "http://a:2379")]
    [InlineData("stands alone", "http://a:2379", "local:/tmp/x")]
    [InlineData("needs a directory", "local:")]
    public void An_unusable_endpoint_is_refused_with_the_reason(string reason, params string[] endpoints)
    {
        var message = Refused(new() { Endpoints = endpoints });
        Assert.Contains(reason, message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("hunter2", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Endpoints_are_trimmed_and_a_bare_one_is_http()
    {
        await using var store = Store.Open(new() { Endpoints = [" http://a:1 ", "b:2", "", "[2001:db8::1]:3"] }, NullLogger.Instance);
        Assert.Equal("http://a:1,http://b:2,http://[2001:db8::1]:3", store.Description);
    }

    [Fact]
    public void Certificates_for_plain_text_endpoints_are_refused()
        => Assert.Contains("plain text", Refused(new() { Endpoints = ["a:1", "http://b:1"], CaFile = "/ca.pem" }), StringComparison.Ordinal);

    [Theory]
    [InlineData("no endpoint is https://", "http://a:1")]
    [InlineData("has no TLS", "local:/tmp/x")]
    public void A_check_that_is_not_made_cannot_be_skipped(string reason, string endpoint)
        => Assert.Contains(reason, Refused(new() { Endpoints = [endpoint], SkipCertificateCheck = true }), StringComparison.Ordinal);

    [Fact]
    public void I6_The_options_as_text_tell_no_user_and_no_password()
    {
        var options = new StoreOptions { Endpoints = ["http://root:hunter2@a:1", "b:2"], Username = "u", Password = "hunter2" };
        Assert.Equal("http://a:1,b:2", options.ToString());
        Assert.DoesNotContain("hunter2", Refused(new() { Endpoints = ["unix://root:hunter2@a"] }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_needs_its_key_and_the_other_way_round()
    {
        Assert.Contains("without its key", Refused(new() { Endpoints = ["https://a:1"], CertFile = "/c.pem" }), StringComparison.Ordinal);
        Assert.Contains("without its certificate", Refused(new() { Endpoints = ["https://a:1"], KeyFile = "/c.key" }), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_cannot_serve_are_told_at_once()
    {
        using var ca = new TestCertificates();
        var (one, two) = (ca.Client(), ca.Client());
        Assert.Contains("/nowhere/ca.pem cannot be read", Refused(new() { Endpoints = ["https://a:1"], CaFile = "/nowhere/ca.pem" }), StringComparison.Ordinal);
        Assert.Contains("no certificate in PEM form", Refused(new() { Endpoints = ["https://a:1"], CaFile = one.KeyFile }), StringComparison.Ordinal);
        Assert.Contains("belong together", Refused(new() { Endpoints = ["https://a:1"], CertFile = one.CertFile, KeyFile = two.KeyFile }), StringComparison.Ordinal);
    }

    [Fact]
    public void I6_A_user_needs_a_password_and_no_message_tells_it()
    {
        Assert.Contains("without a password", Refused(new() { Endpoints = ["a:1"], Username = "u" }), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", Refused(new() { Endpoints = ["a:1"], Password = "hunter2" }), StringComparison.Ordinal);
    }
}
