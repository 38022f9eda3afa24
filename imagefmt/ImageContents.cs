using System.IO.Hashing;
using LazyRestore.ImageFormat.Formatters;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat;

/// <summary>What an image holds beside its extents, read by random access and checked.</summary>
internal sealed record ImageContents(Checkpoint Checkpoint, ExtentIndex Index, ExtentCoverage Coverage, Trailer Trailer)
{
    /// <summary>Reads header, trailer, records and index; none of the extents.</summary>
    public static ImageContents Read(IImageBytes bytes)
    {
        try
        {
            return ReadAll(bytes);
        }
        catch (EndOfStreamException e)
        {
            throw new ImageDamagedException(TrailerFormat.Kind, bytes.Length, "the image became shorter while it was read", e);
        }
    }

    private static ImageContents ReadAll(IImageBytes bytes)
    {
        CheckHeader(bytes);
        long trailerOffset = Math.Max(0, bytes.Length - TrailerFormat.Length);
        byte[] trailerBytes = ReadSection(bytes, trailerOffset, bytes.Length - trailerOffset, TrailerFormat.Length, TrailerFormat.Kind);
        Trailer trailer = TrailerFormat.Read(trailerBytes, trailerOffset);
        byte[] records = ReadSection(bytes, 0, trailer.RecordsLength, ImageLimits.Records, HeaderFormatter.Name);
        byte[] index = ReadSection(
            bytes, trailer.IndexOffset, trailerOffset - trailer.IndexOffset, ImageLimits.Index, IndexFormat.Kind);

        // The digest comes last: damage that shows by itself is named with its record.
        Checkpoint checkpoint = ReadRecords(records);
        ExtentCoverage coverage = new(checkpoint);
        ExtentEntry[] entries = IndexFormat.Read(index, trailer.IndexOffset);
        ExtentRules.CheckIndex(entries, coverage, trailer);
        XxHash128 digest = new();
        digest.Append(records);
        digest.Append(index);
        TrailerFormat.Verify(trailerBytes, trailerOffset, digest);
        return new ImageContents(checkpoint, new ExtentIndex(entries), coverage, trailer);
    }

    /// <summary>Reads the header alone, so that a file that is no image, or a newer one, is called that and not damaged.</summary>
    private static void CheckHeader(IImageBytes bytes)
    {
        byte[] start = ReadSection(bytes, 0, Math.Min(bytes.Length, ImageLimits.Header), ImageLimits.Header, HeaderFormatter.Name);
        _ = ReadRecord(start, 0, new CheckpointBuilder(), HeaderFormatter.Name);
    }

    private static Checkpoint ReadRecords(ReadOnlyMemory<byte> section)
    {
        CheckpointBuilder builder = new();
        string previous = HeaderFormatter.Name;
        int position = 0;
        while (position < section.Length)
        {
            (int length, previous) = ReadRecord(section[position..], position, builder, previous);
            position += length;
        }

        return builder.Build(position);
    }

    private static (int Length, string Kind) ReadRecord(
        ReadOnlyMemory<byte> bytes, int offset, CheckpointBuilder builder, string previous)
    {
        RecordHead head = RecordHead.Read(bytes.Span, previous, offset);
        int length = MessageFrame.RequireWhole(bytes.Span, head.Kind, offset);
        RecordFormat.AddTo(builder, bytes[..length], head, offset);
        return (length, head.Kind);
    }

    private static byte[] ReadSection(IImageBytes bytes, long offset, long length, int limit, string kind)
    {
        if (length > limit)
        {
            throw new ImageDamagedException(kind, offset, $"it would have {length} bytes, more than {limit}");
        }

        byte[] section = new byte[length];
        bytes.Read(offset, section);
        return section;
    }
}
