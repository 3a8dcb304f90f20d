using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace FlannelPS.Lab;

/// <summary>A certificate and its key, as PEM files.</summary>
/// <param name="CertFile">The certificate.</param>
/// <param name="KeyFile">The key.</param>
public sealed record CertificateFiles(string CertFile, string KeyFile);

/// <summary>One certificate authority of a test, with its files in a folder that goes with it.</summary>
public sealed class TestCertificates : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("flannelps-tls-").FullName;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _authority;
    private int _count;

    public TestCertificates(string name = "FlannelPS test CA")
    {
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-5), DateTimeOffset.UtcNow.AddYears(5));
        CaFile = Path.Combine(_folder, "ca.pem");
        File.WriteAllText(CaFile, _authority.ExportCertificatePem());
    }

    /// <summary>The authority's own certificate.</summary>
    public string CaFile { get; }

    /// <summary>A server certificate for 127.0.0.1 and localhost, unless another name is given; valid from yesterday for so many days.</summary>
    public CertificateFiles Server(string? name = null, int validDays = 10) => Issue(name, "CN=etcd", "1.3.6.1.5.5.7.3.1", validDays);

    /// <summary>A client certificate.</summary>
    public CertificateFiles Client(string name = "client", int validDays = 10) => Issue(null, $"CN={name}", "1.3.6.1.5.5.7.3.2", validDays);

    public void Dispose()
    {
        _authority.Dispose();
        _key.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private CertificateFiles Issue(string? name, string subject, string usage, int validDays)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (name is null)
        {
            names.AddIpAddress(IPAddress.Loopback);
            names.AddDnsName("localhost");
        }
        else
        {
            names.AddDnsName(name);
        }
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        var end = DateTimeOffset.UtcNow.AddDays(validDays);
        var start = validDays > 0 ? DateTimeOffset.UtcNow.AddDays(-1) : end.AddDays(-10);
        using var certificate = request.Create(_authority, start, end, RandomNumberGenerator.GetBytes(8));
        var files = new CertificateFiles(Path.Combine(_folder, $"{_count}.pem"), Path.Combine(_folder, $"{_count++}.key"));
        File.WriteAllText(files.CertFile, certificate.ExportCertificatePem());
        File.WriteAllText(files.KeyFile, key.ExportPkcs8PrivateKeyPem());
        return files;
    }
}
