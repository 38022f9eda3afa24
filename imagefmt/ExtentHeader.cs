using System.Buffers;
using System.Buffers.Binary;
using LazyRestore.ImageFormat.Formatters;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat;

/// <summary>
/// What stands before an extent's payload: which pages it holds, the checksum of each, and the blocks they are packed in.
/// Instances come only from bytes that were checked, and are immutable unless the caller offers one to be used again.
/// </summary>
public sealed class ExtentHeader
{
    private readonly ulong[] _pageChecksums;
    private readonly ulong[] _blockChecksums;
    private readonly int[] _blockEnds;

    private ExtentHeader(int pages, int blocks)
    {
        _pageChecksums = new ulong[pages];
        _blockChecksums = new ulong[blocks];
        _blockEnds = new int[blocks];
    }

    /// <summary>What the index says about the extent; the header agrees with it.</summary>
    public ExtentEntry Entry { get; private set; }

    /// <summary>Space and address of the first page.</summary>
    public ExtentAddress Address => Entry.Address;

    /// <summary>How the pages are stored.</summary>
    public ExtentCodec Codec => Entry.Codec;

    /// <summary>The pages that are stored.</summary>
    public PagePresence Presence { get; private set; }

    /// <summary>How many they are.</summary>
    public int PresentPages => Entry.PresentPages;

    /// <summary>How many blocks a compressed payload has; 0 for codec none.</summary>
    public int BlockCount { get; private set; }

    /// <summary>The checksum (<see cref="PageChecksum"/>) of a stored page by its ordinal, <see cref="PagePresence.Rank"/>.</summary>
    public ulong PageChecksumOf(int ordinal) => _pageChecksums[ordinal];

    /// <summary>
    /// Reads the header out of the bytes of an extent's record, wherever they are: read from the file, mapped, or received.
    /// </summary>
    /// <param name="entry">What the index says; the header must agree in every point.</param>
    /// <param name="head">The <see cref="ExtentEntry.HeadLength"/> bytes from the record's beginning to its payload.</param>
    /// <param name="reuse">A header that nobody needs any more; it may be overwritten, whatever comes of it, so that nothing is allocated.</param>
    /// <exception cref="ImageDamagedException">The bytes are no header, or not the one that the index describes.</exception>
    public static ExtentHeader Parse(in ExtentEntry entry, ReadOnlySpan<byte> head, ExtentHeader? reuse = null)
    {
        byte[] copy = ArrayPool<byte>.Shared.Rent(head.Length);
        try
        {
            head.CopyTo(copy);
            ExtentHeader header = ExtentHeaderFormat.Read(copy.AsMemory(0, head.Length), entry.RecordOffset, reuse);
            return header.Entry == entry
                ? header
                : throw new ImageDamagedException("extent", entry.RecordOffset, "it is not what the index says");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(copy);
        }
    }

    /// <summary>A header to be filled, with room for so many pages and blocks.</summary>
    internal static ExtentHeader Take(ExtentHeader? reuse, int pages, int blocks) =>
        reuse is not null && reuse._pageChecksums.Length >= pages && reuse._blockEnds.Length >= blocks ? reuse : new ExtentHeader(pages, blocks);

    /// <summary>Fills the header.</summary>
    internal void Fill(
        in ExtentEntry entry, PagePresence presence, ReadOnlySpan<byte> pageChecksums, ReadOnlySpan<int> blockEnds, ReadOnlySpan<byte> blockChecksums)
    {
        Entry = entry;
        Presence = presence;
        BlockCount = blockEnds.Length;
        ReadUInt64s(pageChecksums, _pageChecksums);
        ReadUInt64s(blockChecksums, _blockChecksums);
        blockEnds.CopyTo(_blockEnds);
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

    private static void ReadUInt64s(ReadOnlySpan<byte> bytes, Span<ulong> values)
    {
        for (int index = 0; index < bytes.Length / sizeof(ulong); index++)
        {
            values[index] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(index * sizeof(ulong))..]);
        }
    }
}
