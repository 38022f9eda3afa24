using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat;

/// <summary>An extent as the index knows it: what it holds, where it stands in the file, how to tell that it is intact.</summary>
public readonly record struct ExtentEntry
{
    /// <summary>Space and address of its first page; a multiple of <see cref="ImageLayout.ExtentSpan"/>.</summary>
    public required ExtentAddress Address { get; init; }

    /// <summary>Where its record begins in the file.</summary>
    public required long RecordOffset { get; init; }

    /// <summary>Where its payload begins in the file; a multiple of the page size.</summary>
    public required long PayloadOffset { get; init; }

    /// <summary>The payload's length in bytes.</summary>
    public required int PayloadLength { get; init; }

    /// <summary>How many of its pages are stored, 1 to 512.</summary>
    public required int PresentPages { get; init; }

    /// <summary>How they are stored.</summary>
    public required ExtentCodec Codec { get; init; }

    /// <summary>The checksum of the record from its first byte to the end of the key <c>pad</c>.</summary>
    public required ulong HeaderChecksum { get; init; }

    /// <summary>Bytes from the beginning of the record to its payload.</summary>
    public int HeadLength => (int)(PayloadOffset - RecordOffset);

    /// <summary>Where the next record begins.</summary>
    public long EndOffset => PayloadOffset + PayloadLength;
}
