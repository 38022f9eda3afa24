using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LazyRestore.Agent.Protocol;

/// <summary>What TLS needs of either side, from PEM files.</summary>
internal static class Encryption
{
    /// <summary>Of a client: it believes a server whose certificate is that of the host, and signed by the authority.</summary>
    /// <param name="host">The server's name.</param>
    /// <param name="authority">A file with the certificates that are trusted; null for those that the host trusts.</param>
    /// <param name="certificate">A file with our certificate; null for none.</param>
    /// <param name="key">The file of its key; null when the certificate's has it.</param>
    /// <exception cref="LazyRestoreException">A file cannot be used.</exception>
    internal static SslClientAuthenticationOptions OfClient(string host, string? authority, string? certificate, string? key) => new()
    {
        TargetHost = host,
        CertificateChainPolicy = authority is null ? null : Trust(authority),
        ClientCertificateContext = certificate is null ? null : Read(certificate, key),
    };

    /// <summary>Of a server.</summary>
    /// <param name="certificate">A file with its certificate.</param>
    /// <param name="key">The file of its key; null when the certificate's has it.</param>
    /// <param name="clientAuthority">A file with the certificates that must have signed those of clients; null when clients need none.</param>
    /// <exception cref="LazyRestoreException">A file cannot be used.</exception>
    internal static SslServerAuthenticationOptions OfServer(string certificate, string? key, string? clientAuthority) => new()
    {
        ServerCertificateContext = Read(certificate, key),
        ClientCertificateRequired = clientAuthority is not null,
        CertificateChainPolicy = clientAuthority is null ? null : Trust(clientAuthority),

        // Without a callback a client may leave its certificate out.
        RemoteCertificateValidationCallback = (_, theirs, _, errors) =>
            clientAuthority is null || (theirs is not null && errors == SslPolicyErrors.None),
    };

    private static X509ChainPolicy Trust(string authority)
    {
        X509ChainPolicy policy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        Use(authority, policy.CustomTrustStore.ImportFromPemFile);
        return policy.CustomTrustStore.Count > 0 ? policy : throw Unusable(authority, "it holds no certificate");
    }

    private static SslStreamCertificateContext Read(string certificate, string? key)
    {
        X509Certificate2Collection chain = [];
        Use(certificate, chain.ImportFromPemFile);
        X509Certificate2? own = null;
        Use(key ?? certificate, _ => own = X509Certificate2.CreateFromPemFile(certificate, key));
        return SslStreamCertificateContext.Create(own!, chain, offline: true);
    }

    private static void Use(string file, Action<string> use)
    {
        try
        {
            use(file);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw Unusable(file, problem.Message, problem);
        }
    }

    private static LazyRestoreException Unusable(string file, string problem, Exception? cause = null) => new(
        FailureReason.Failed, $"{file} cannot be used for TLS: {problem}", "Give a PEM file, and the key that belongs to the certificate.", cause);
}
