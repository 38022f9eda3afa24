using System.Buffers;
using System.IO.Hashing;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

/// <summary>What the trailer locates.</summary>
/// <param name="RecordsLength">Bytes of the header and the records: where the first extent begins.</param>
/// <param name="IndexOffset">Where the index begins; it ends where the trailer begins.</param>
internal readonly record struct Trailer(long RecordsLength, long IndexOffset);

/// <summary>
/// The trailer record, the image's last 67 bytes: numbers of fixed width, then the digest (XXH128) of header, records, index
/// and of the trailer itself up to the digest.
/// </summary>
internal static class TrailerFormat
{
    public const string Kind = "trailer";

    /// <summary>Bytes of the record.</summary>
    public const int Length = PrefixLength + DigestLength;

    /// <summary>Bytes of the record that its digest covers.</summary>
    public const int PrefixLength = 51;

    private const int DigestLength = 16;

    /// <summary>Writes the record, completing a digest that has seen header, records and index.</summary>
    public static void Write(ArrayBufferWriter<byte> output, Trailer trailer, XxHash128 digest)
    {
        MessagePackWriter writer = new(output);
        writer.WriteArrayHeader(2);
        writer.Write(Kind);
        writer.WriteMapHeader(3);
        writer.WriteString("records"u8);
        writer.WriteUInt64((ulong)trailer.RecordsLength);
        writer.WriteString("index"u8);
        writer.WriteUInt64((ulong)trailer.IndexOffset);
        writer.WriteString("digest"u8);
        writer.WriteBinHeader(DigestLength);
        writer.Flush();
        digest.Append(output.WrittenSpan);
        digest.GetHashAndReset(output.GetSpan(DigestLength));
        output.Advance(DigestLength);
    }

    /// <summary>Reads the record out of the last <see cref="Length"/> bytes of an image.</summary>
    /// <param name="bytes">Those bytes.</param>
    /// <param name="offset">Where they begin; nothing of the image can be further.</param>
    public static Trailer Read(ReadOnlyMemory<byte> bytes, long offset)
    {
        ReadOnlySpan<byte> start = [MessagePackCode.MinFixArray + 2, MessagePackCode.MinFixStr + 7, .. "trailer"u8];
        if (!bytes.Span.StartsWith(start))
        {
            throw new ImageDamagedException(Kind, offset, "the image does not end with one; it is cut off or goes on too far");
        }

        try
        {
            MapReader map = new(bytes, start.Length, Kind, offset);
            Trailer trailer = new(
                RecordsLength: (long)map.UInt64("records"u8, (ulong)offset),
                IndexOffset: (long)map.UInt64("index"u8, (ulong)offset));
            return map.End == Length && map.LastValue == PrefixLength - 2 && trailer.RecordsLength <= trailer.IndexOffset
                ? trailer
                : throw map.Damaged(0, "it has another shape than a trailer");
        }
        catch (Exception e) when (RecordFormat.IsDecoderError(e))
        {
            throw new ImageDamagedException(Kind, offset, e.Message, e);
        }
    }

    /// <summary>Checks the digest, completing one that has seen header, records and index.</summary>
    public static void Verify(ReadOnlySpan<byte> bytes, long offset, XxHash128 digest)
    {
        digest.Append(bytes[..PrefixLength]);
        if (!digest.GetHashAndReset().AsSpan().SequenceEqual(bytes.Slice(PrefixLength, DigestLength)))
        {
            throw new ImageDamagedException(Kind, offset, "the digest of the records and the index is another one");
        }
    }
}
