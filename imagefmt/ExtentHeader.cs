using System.Buffers;
using LazyRestore.ImageFormat.Formatters;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat;

/// <summary>
/// What stands before an extent's payload: which pages it holds, the checksum of each, and the blocks they are packed in.
/// Instances are immutable and come only from bytes that were checked.
/// </summary>
public sealed class ExtentHeader
{
    private readonly ulong[] _pageChecksums;
    private readonly ulong[] _blockChecksums;
    private readonly int[] _blockEnds;

    internal ExtentHeader(
        in ExtentEntry entry, PagePresence presence, ulong[] pageChecksums, int[] blockEnds, ulong[] blockChecksums)
    {
        Entry = entry;
        Presence = presence;
        _pageChecksums = pageChecksums;
        _blockEnds = blockEnds;
        _blockChecksums = blockChecksums;
    }

    /// <summary>What the index says about the extent; the header agrees with it.</summary>
    public ExtentEntry Entry { get; }

    /// <summary>Space and address of the first page.</summary>
    public ExtentAddress Address => Entry.Address;

    /// <summary>How the pages are stored.</summary>
    public ExtentCodec Codec => Entry.Codec;

    /// <summary>The pages that are stored.</summary>
    public PagePresence Presence { get; }

    /// <summary>How many they are.</summary>
    public int PresentPages => _pageChecksums.Length;

    /// <summary>How many blocks a compressed payload has; 0 for codec none.</summary>
    public int BlockCount => _blockEnds.Length;

    /// <summary>The checksum (<see cref="PageChecksum"/>) of a stored page by its ordinal, <see cref="PagePresence.Rank"/>.</summary>
    public ulong PageChecksumOf(int ordinal) => _pageChecksums[ordinal];

    /// <summary>
    /// Reads the header out of the bytes of an extent's record, wherever they are: read from the file, mapped, or received.
    /// </summary>
    /// <param name="entry">What the index says; the header must agree in every point.</param>
    /// <param name="head">The <see cref="ExtentEntry.HeadLength"/> bytes from the record's beginning to its payload.</param>
    /// <exception cref="ImageDamagedException">The bytes are no header, or not the one that the index describes.</exception>
    public static ExtentHeader Parse(in ExtentEntry entry, ReadOnlySpan<byte> head)
    {
        byte[] copy = ArrayPool<byte>.Shared.Rent(head.Length);
        try
        {
            head.CopyTo(copy);
            ExtentHeader header = ExtentHeaderFormat.Read(copy.AsMemory(0, head.Length), entry.RecordOffset);
            return header.Entry == entry
                ? header
                : throw new ImageDamagedException("extent", entry.RecordOffset, "it is not what the index says");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(copy);
        }
    }

    /// <summary>Where a block begins in the payload.</summary>
    internal int BlockStart(int block) => block == 0 ? 0 : _blockEnds[block - 1];

    /// <summary>How many bytes a block has in the payload.</summary>
    internal int BlockLength(int block) => _blockEnds[block] - BlockStart(block);

    /// <summary>How many pages a block holds.</summary>
    internal int BlockPages(int block) =>
        Math.Min(ImageLayout.PagesPerBlock, PresentPages - (block * ImageLayout.PagesPerBlock));

    /// <summary>The checksum of a block as it stands in the payload.</summary>
    internal ulong BlockChecksumOf(int block) => _blockChecksums[block];
}
