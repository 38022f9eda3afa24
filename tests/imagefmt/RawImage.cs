using System.Buffers;
using System.IO.Hashing;
using LazyRestore.ImageFormat.Formatters;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat.Tests;

/// <summary>An image made without the writer, which would refuse most of what is made here; its digest is always right.</summary>
internal sealed class RawImage
{
    public RawImage(IEnumerable<CheckpointRecord> records, IEnumerable<SampleExtent>? extents = null)
    {
        Records = [.. records.Select(Bytes)];
        Extents = [.. extents ?? []];
    }

    /// <summary>The records as bytes.</summary>
    public List<byte[]> Records { get; }

    /// <summary>The extents in the order of the file.</summary>
    public List<SampleExtent> Extents { get; }

    /// <summary>Changes what the index says.</summary>
    public Func<ExtentEntry, ExtentEntry> Entry { get; init; } = static e => e;

    /// <summary>Changes what the trailer says.</summary>
    public Func<Trailer, Trailer> Trailer { get; init; } = static t => t;

    public static byte[] Bytes(CheckpointRecord record)
    {
        ArrayBufferWriter<byte> output = new();
        RecordFormat.Write(output, record);
        return output.WrittenSpan.ToArray();
    }

    public byte[] Build()
    {
        MemoryStream image = new();
        Records.ForEach(r => image.Write(r));
        long records = image.Length;
        List<ExtentEntry> entries = [.. Extents.Select(e => Append(image, e)).Select(Entry)];
        entries.Sort((left, right) => left.Address.CompareTo(right.Address));
        long index = image.Length;
        ArrayBufferWriter<byte> output = new();
        IndexFormat.Write(output, entries.ToArray());
        image.Write(output.WrittenSpan);
        XxHash128 digest = new();
        digest.Append(image.GetBuffer().AsSpan(0, (int)records));
        digest.Append(output.WrittenSpan);
        output.Clear();
        TrailerFormat.Write(output, Trailer(new Trailer(records, index)), digest);
        image.Write(output.WrittenSpan);
        return image.ToArray();
    }

    /// <summary>Makes the digest of an image right again if its trailer still locates the parts.</summary>
    public static void Reseal(byte[] image)
    {
        int trailerOffset = image.Length - TrailerFormat.Length;
        try
        {
            Trailer trailer = TrailerFormat.Read(image.AsMemory(trailerOffset), trailerOffset);
            XxHash128 digest = new();
            digest.Append(image.AsSpan(0, (int)trailer.RecordsLength));
            digest.Append(image.AsSpan((int)trailer.IndexOffset, image.Length - 16 - (int)trailer.IndexOffset));
            digest.GetHashAndReset(image.AsSpan(image.Length - 16));
        }
        catch (Exception e) when (e is ImageDamagedException or ArgumentOutOfRangeException)
        {
            // Nothing to seal: the reader will see the same.
        }
    }

    private static ExtentEntry Append(MemoryStream image, SampleExtent sample)
    {
        using ExtentEncoder encoder = new(sample.Codec);
        EncodedExtent extent = encoder.Encode(sample.Address, sample.Presence, sample.Pages);
        long offset = image.Length;
        long payload = (offset + extent.Header.Length + 8 + 4095) / 4096 * 4096;
        int padding = (int)(payload - offset - extent.Header.Length - 8);
        image.Write(extent.Header.Span);
        image.Write([0xc5, (byte)(padding >> 8), (byte)padding]);
        image.Write(new byte[padding]);
        int length = extent.Payload.Length;
        image.Write([0xc6, (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length]);
        image.Write(extent.Payload.Span);
        return new ExtentEntry
        {
            Address = extent.Address,
            RecordOffset = offset,
            PayloadOffset = payload,
            PayloadLength = length,
            PresentPages = extent.PresentPages,
            Codec = extent.Codec,
            HeaderChecksum = extent.HeaderChecksum,
        };
    }
}
