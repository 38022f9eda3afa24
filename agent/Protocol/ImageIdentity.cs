namespace LazyRestore.Agent.Protocol;

/// <summary>What tells an image from every other, and where its parts lie: the answer to an open.</summary>
/// <param name="Length">Bytes of the image.</param>
/// <param name="ExtentsStart">Where its records end.</param>
/// <param name="ExtentsEnd">Where its index begins.</param>
/// <param name="Digest">The digest that ends it, in hexadecimal.</param>
internal sealed record ImageIdentity(long Length, long ExtentsStart, long ExtentsEnd, string Digest)
{
    /// <summary>Bytes of the digest.</summary>
    internal const int DigestLength = 16;
}
