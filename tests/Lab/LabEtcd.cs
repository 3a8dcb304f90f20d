using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace FlannelPS.Lab;

/// <summary>One etcd member on the bridge of an underlay, where every host reaches it. It can be killed, started again, and robbed of its data.</summary>
public sealed class LabEtcd : IDisposable
{
    private readonly Underlay _underlay;
    private readonly int _member;
    private readonly int _members;
    private readonly string _folder;
    private readonly CertificateFiles? _certificate;
    private Daemon? _server;

    private LabEtcd(Underlay underlay, int member, int members, bool tls = false)
    {
        (_underlay, _member, _members) = (underlay, member, members);
        _folder = Path.Combine(underlay.Folder, $"etcd{member}");
        _certificate = tls ? Certify(underlay.Folder) : null;
        Endpoint = $"{(tls ? "https" : "http")}://{Underlay.BridgeAddress}:{ClientPort}";
        Gateway = new(underlay.Bridge, new(PlainUrl));
    }

    /// <summary>What daemons are given as endpoint.</summary>
    public string Endpoint { get; }

    /// <summary>PEM file with the authority of its certificate; null when it speaks plain text.</summary>
    public string? CaFile => _certificate?.CertFile;

    /// <summary>The port it serves clients on.</summary>
    public int ClientPort => 2379 + (10 * _member);

    /// <summary>Reads and writes it from outside the namespaces.</summary>
    public EtcdGateway Gateway { get; }

    /// <summary>Starts one member alone and waits until it answers.</summary>
    public static async Task<LabEtcd> StartAsync(Underlay underlay, CancellationToken cancellationToken) =>
        (await StartClusterAsync(underlay, 1, cancellationToken))[0];

    /// <summary>The same over TLS.</summary>
    public static async Task<LabEtcd> StartTlsAsync(Underlay underlay, CancellationToken cancellationToken)
    {
        var server = new LabEtcd(underlay, 0, 1, tls: true);
        server.Launch();
        await server.WaitAsync(cancellationToken);
        return server;
    }

    /// <summary>Starts a cluster and waits until every member answers.</summary>
    public static async Task<IReadOnlyList<LabEtcd>> StartClusterAsync(Underlay underlay, int members, CancellationToken cancellationToken)
    {
        var started = Enumerable.Range(0, members).Select(member => new LabEtcd(underlay, member, members)).ToList();
        try
        {
            started.ForEach(member => member.Launch());
            await Task.WhenAll(started.Select(member => member.WaitAsync(cancellationToken)));
            return started;
        }
        catch
        {
            started.ForEach(member => member.Dispose());
            throw;
        }
    }

    /// <summary>Ends it at once, as a power cut would; its data stay.</summary>
    public void Kill()
    {
        _server?.Dispose();
        _server = null;
    }

    /// <summary>Stops it and takes all its data away.</summary>
    public void KillAndWipe()
    {
        Kill();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Starts it again without waiting; alone it cannot answer while its cluster has no majority.</summary>
    public void Launch() => _server = new(_underlay.Bridge, "etcd",
    [
        $"--name=m{_member}", $"--data-dir={_folder}", $"--listen-client-urls={(_certificate is null ? Endpoint : $"{Endpoint},{PlainUrl}")}", $"--advertise-client-urls={Endpoint}",
        $"--listen-peer-urls={PeerUrl(_member)}", $"--initial-advertise-peer-urls={PeerUrl(_member)}",
        $"--initial-cluster={string.Join(',', Enumerable.Range(0, _members).Select(member => $"m{member}={PeerUrl(member)}"))}",
        "--log-level=error", "--logger=zap",
        .. _certificate is { } files ? [$"--cert-file={files.CertFile}", $"--key-file={files.KeyFile}"] : Array.Empty<string>(),
    ]);

    /// <summary>Waits until it answers a read that needs the majority.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await Gateway.GetPrefixAsync("/", cancellationToken);
                return;
            }
            // A request that got no answer in its own time is one more "not yet": an election may be under way.
            catch (Exception notYet) when (notYet is HttpRequestException or InvalidOperationException or TaskCanceledException && _server is { HasEnded: false } && !cancellationToken.IsCancellationRequested)
            {
                await Task.Delay(20, cancellationToken);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"etcd does not answer ({failure.Message}):\n{_server?.Log}", failure);
            }
        }
    }

    /// <summary>Ends it.</summary>
    public void Dispose()
    {
        Gateway.Dispose();
        _server?.Dispose();
    }

    // What the lab reads and writes needs no TLS.
    private string PlainUrl => $"http://{Underlay.BridgeAddress}:{(_certificate is null ? ClientPort : ClientPort + 5)}";

    // A certificate that is its own authority, for the bridge's address.
    private static CertificateFiles Certify(string folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=etcd", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(Underlay.BridgeAddress);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(10));
        var files = new CertificateFiles(Path.Combine(folder, "etcd.pem"), Path.Combine(folder, "etcd.key"));
        File.WriteAllText(files.CertFile, certificate.ExportCertificatePem());
        File.WriteAllText(files.KeyFile, key.ExportPkcs8PrivateKeyPem());
        return files;
    }

    private static string PeerUrl(int member) => $"http://127.0.0.1:{2380 + (10 * member)}";
}
