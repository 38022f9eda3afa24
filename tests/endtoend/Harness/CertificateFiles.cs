using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>A certificate of 127.0.0.1 that has signed itself, for servers and clients alike.</summary>
internal sealed class CertificateFiles : IDisposable
{
    private CertificateFiles(string certificate, string key)
    {
        Certificate = certificate;
        Key = key;
    }

    internal string Authority => Certificate;

    internal string Certificate { get; }

    internal string Key { get; }

    internal static CertificateFiles Make(Scratch scratch)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=lazyrestore test", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        CertificateFiles files = new(scratch.File("certificate.pem"), scratch.File("key.pem"));
        File.WriteAllText(files.Certificate, certificate.ExportCertificatePem());
        File.WriteAllText(files.Key, key.ExportPkcs8PrivateKeyPem());
        return files;
    }

    public void Dispose()
    {
        File.Delete(Certificate);
        File.Delete(Key);
    }
}
