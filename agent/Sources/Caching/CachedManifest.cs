using System.Buffers;
using System.IO.Hashing;
using System.Text;
using LazyRestore.Agent.Sources.Remote;
using LazyRestore.ImageFormat;
using MessagePack;

namespace LazyRestore.Agent.Sources.Caching;

/// <summary>
/// What a cache knows of the image at a location: everything but its extents, in a MessagePack array of the image's length, its first bytes,
/// its records among them, and those behind the last extent. The image's own digest tells whether it is intact.
/// </summary>
/// <param name="Length">Bytes of the image.</param>
/// <param name="Front">Its records, and as much as is read to recognise it.</param>
/// <param name="Back">Its index and trailer.</param>
internal sealed record CachedManifest(long Length, ReadOnlyMemory<byte> Front, ReadOnlyMemory<byte> Back)
{
    private const int Elements = 3;
    private const int LongestFile = 1 << 30;

    /// <summary>The manifest of an image that is open.</summary>
    internal static CachedManifest Of(CheckpointImage image)
    {
        byte[] front = new byte[Math.Min(image.Bytes.Length, Math.Max(image.ExtentsStart, CheckpointImage.FirstRead))];
        byte[] back = new byte[image.Bytes.Length - image.ExtentsEnd];
        image.Bytes.Read(0, front);
        image.Bytes.Read(image.ExtentsEnd, back);
        return new CachedManifest(image.Bytes.Length, front, back);
    }

    /// <summary>Whether an image is the same: the digest of records and index ends it.</summary>
    internal bool IsOf(IRemoteImage image)
    {
        const int TrailerBytes = 64;
        int length = Math.Min(TrailerBytes, Back.Length);
        ReadOnlyMemory<byte> end = image.Length == Length ? image.AtHand(Length - length) : default;
        return end.Span.SequenceEqual(Back.Span[^length..]);
    }

    /// <summary>Looks for the manifest of a location; null when there is none that could be one.</summary>
    internal static CachedManifest? TryRead(CacheFolder folder, string location)
    {
        using FileStream? file = folder.TryOpen(NameOf(location));
        if (file is null || file.Length > LongestFile)
        {
            return null;
        }

        try
        {
            byte[] bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            MessagePackReader reader = new(bytes);
            if (reader.ReadArrayHeader() != Elements)
            {
                return null;
            }

            CachedManifest manifest = new(reader.ReadInt64(), Bytes(ref reader), Bytes(ref reader));
            return manifest.Front.Length <= manifest.Length && manifest.Back.Length <= manifest.Length ? manifest : null;
        }
        catch (Exception problem) when (problem is MessagePackSerializationException or IOException or OverflowException)
        {
            return null;
        }
    }

    /// <summary>Keeps the manifest of a location.</summary>
    internal void Write(CacheFolder folder, string location)
    {
        ArrayBufferWriter<byte> bytes = new();
        MessagePackWriter writer = new(bytes);
        writer.WriteArrayHeader(Elements);
        writer.Write(Length);
        writer.Write(Front.Span);
        writer.Write(Back.Span);
        writer.Flush();
        folder.Replace(NameOf(location), bytes.WrittenSpan);
    }

    private static ReadOnlyMemory<byte> Bytes(ref MessagePackReader reader) => reader.ReadBytes() is { } bytes ? bytes.ToArray() : default;

    private static string NameOf(string location) => $"at-{Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(location)))}";
}
