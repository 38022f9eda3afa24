using System.Security.Cryptography;
using System.Text;
using LazyRestore.Agent.Protocol;

namespace LazyRestore.Agent.Server;

/// <summary>Knows whether a client may have the images. How long that takes tells nothing about the token.</summary>
internal sealed class Gatekeeper
{
    private readonly byte[]? _digest;

    private Gatekeeper(byte[]? digest) => _digest = digest;

    /// <summary>Lets those in who know the token in a file; null lets everybody in.</summary>
    /// <exception cref="LazyRestoreException">The file has no token.</exception>
    internal static Gatekeeper Of(string? tokenFile) => new(tokenFile is null ? null : Digest(TokenText.Read(tokenFile)));

    /// <summary>Whether a client with this token may come in.</summary>
    internal bool Admits(string? token) => _digest is null || CryptographicOperations.FixedTimeEquals(_digest, Digest(token ?? ""));

    // Digests have the same length whatever the token's.
    private static byte[] Digest(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
