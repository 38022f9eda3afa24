using MessagePack;

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

    /// <summary>Bytes of the answer, at most.</summary>
    internal const int LongestText = 64;

    private const long LongestManifest = 1L << 30;

    /// <summary>Reads the answer.</summary>
    /// <exception cref="PageProtocolException">It is none.</exception>
    internal static ImageIdentity Read(ReadOnlyMemory<byte> answer)
    {
        try
        {
            MessagePackReader reader = new(answer);
            _ = reader.ReadArrayHeader();
            (long length, long start, long end) = (reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64());
            ReadOnlyMemory<byte> digest = answer[(int)reader.Consumed..];
            return digest.Length == DigestLength && start > 0 && start <= end && end <= length && length - end + start <= LongestManifest
                ? new ImageIdentity(length, start, end, Convert.ToHexStringLower(digest.Span))
                : throw new PageProtocolException("the answer to an open is impossible");
        }
        catch (Exception problem) when (problem is MessagePackSerializationException or EndOfStreamException or OverflowException)
        {
            throw new PageProtocolException("the answer to an open has another form");
        }
    }
}
