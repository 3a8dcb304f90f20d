using FlannelPS.Engine.Etcd;
using FlannelPS.Lab;

namespace FlannelPS.Engine.Tests.Etcd;

/// <summary>F13: each way TLS can fail has its own text, and none ends in plain text.</summary>
public sealed class EtcdTlsTests : IDisposable
{
    private readonly TestCertificates _ca = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _ca.Dispose();

    private static async Task<string> FailureAsync(StoreOptions options)
    {
        await using var store = EtcdFixture.Open(options);
        var error = await Assert.ThrowsAsync<StoreException>(() => store.TxnAsync(new([], [new StoreOperation.Put("/k", default, 0)]), Token));
        Assert.True(error.Failure == StoreFailure.Tls && !error.Ambiguous, error.ToString());
        return error.Message;
    }

    private static async Task<EtcdServer> ServerAsync(CertificateFiles certificate, string? clientCa = null)
    {
        EtcdFixture.Need();
        return await EtcdServer.StartAsync(new() { Certificate = certificate, ClientCaFile = clientCa });
    }

    [Fact]
    public async Task A_certificate_authority_alone_is_honoured()
    {
        await using var etcd = await ServerAsync(_ca.Server());
        await using var store = EtcdFixture.Open(new StoreOptions { Endpoints = etcd.Endpoints, CaFile = _ca.CaFile });
        Assert.True(await store.PutAsync("/k", default, 0, Token) > 1);
    }

    [Fact]
    public async Task F13_An_authority_that_is_not_ours_is_told()
    {
        using var other = new TestCertificates();
        await using var etcd = await ServerAsync(_ca.Server());
        Assert.Contains("is not signed by the authorities in", await FailureAsync(new() { Endpoints = etcd.Endpoints, CaFile = other.CaFile }), StringComparison.Ordinal);
        Assert.Contains("is not signed by the system's authorities", await FailureAsync(new() { Endpoints = etcd.Endpoints }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task F13_An_expired_certificate_is_told()
    {
        await using var etcd = await ServerAsync(_ca.Server(validDays: -2));
        Assert.Contains("expired at", await FailureAsync(new() { Endpoints = etcd.Endpoints, CaFile = _ca.CaFile }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task F13_A_wrong_name_is_told()
    {
        await using var etcd = await ServerAsync(_ca.Server(name: "elsewhere.example"));
        Assert.Contains("is not for 127.0.0.1", await FailureAsync(new() { Endpoints = etcd.Endpoints, CaFile = _ca.CaFile }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_skips_the_check_takes_any_certificate_and_still_shows_a_client_certificate()
    {
        using var other = new TestCertificates("another CA");
        var client = _ca.Client();
        foreach (var certificate in new[] { _ca.Server(), _ca.Server(name: "elsewhere.example"), _ca.Server(validDays: -2), other.Server() })
        {
            await using var etcd = await ServerAsync(certificate, _ca.CaFile);
            await using var store = EtcdFixture.Open(new StoreOptions { Endpoints = etcd.Endpoints, CertFile = client.CertFile, KeyFile = client.KeyFile, SkipCertificateCheck = true });
            Assert.True(await store.PutAsync("/k", default, 0, Token) > 1);
            Assert.Contains("client certificate", await FailureAsync(new() { Endpoints = etcd.Endpoints, SkipCertificateCheck = true }), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task F13_A_missing_and_a_foreign_client_certificate_are_told_and_a_good_one_serves()
    {
        using var other = new TestCertificates("another CA");
        await using var etcd = await ServerAsync(_ca.Server(), _ca.CaFile);
        Assert.Contains("client certificate", await FailureAsync(new() { Endpoints = etcd.Endpoints, CaFile = _ca.CaFile }), StringComparison.Ordinal);
        var foreign = other.Client();
        Assert.Contains("client certificate", await FailureAsync(new() { Endpoints = etcd.Endpoints, CaFile = _ca.CaFile, CertFile = foreign.CertFile, KeyFile = foreign.KeyFile }), StringComparison.Ordinal);
        var good = _ca.Client();
        await using var store = EtcdFixture.Open(new StoreOptions { Endpoints = etcd.Endpoints, CaFile = _ca.CaFile, CertFile = good.CertFile, KeyFile = good.KeyFile });
        Assert.True(await store.PutAsync("/k", default, 0, Token) > 1);
    }

    [Fact]
    public async Task F13_A_certificate_rotated_on_disk_is_picked_up_and_a_torn_one_is_not()
    {
        using var other = new TestCertificates("another CA");
        await using var etcd = await ServerAsync(_ca.Server(), _ca.CaFile);
        var mine = other.Client();
        var ca = Path.Combine(Path.GetDirectoryName(_ca.CaFile)!, "mine.pem");
        File.Copy(other.CaFile, ca);
        await using var store = EtcdFixture.Open(new StoreOptions { Endpoints = etcd.Endpoints, CaFile = ca, CertFile = mine.CertFile, KeyFile = mine.KeyFile });
        Assert.Equal(StoreFailure.Tls, (await Assert.ThrowsAsync<StoreException>(() => store.PutAsync("/k", default, 0, Token))).Failure);
        var good = _ca.Client();
        File.Copy(_ca.CaFile, ca, overwrite: true);
        File.Copy(good.CertFile, mine.CertFile, overwrite: true);
        File.Copy(good.KeyFile, mine.KeyFile, overwrite: true);
        Assert.True(await store.PutAsync("/k", default, 0, Token) > 1);
        await File.WriteAllTextAsync(mine.CertFile, "-----BEGIN CERT", Token);
        await etcd.Members[0].KillAsync();
        await etcd.Members[0].StartAsync();
        Assert.Single((await store.RangeAsync(KeyRange.One("/k"), Token)).Keys);
    }

    [Fact]
    public async Task Plain_text_and_TLS_do_not_meet()
    {
        await using var tls = await ServerAsync(_ca.Server());
        await using var plain = await EtcdServer.StartAsync();
        Assert.Contains("TLS", await FailureAsync(new() { Endpoints = [plain.Endpoint.Replace("http", "https", StringComparison.Ordinal)], CaFile = _ca.CaFile }), StringComparison.Ordinal);
        await using var store = EtcdFixture.Open(tls.Endpoint.Replace("https", "http", StringComparison.Ordinal));
        var error = await Assert.ThrowsAsync<StoreException>(() => store.RangeAsync(KeyRange.One("/k"), Token));
        Assert.Contains("https", error.Message, StringComparison.Ordinal);
    }
}
