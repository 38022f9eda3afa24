using System.Buffers;
using System.Buffers.Binary;
using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

/// <summary>
/// The extent record: an array of kind, map and payload. The map's last key is <c>pad</c>; its zeros bring the payload to
/// a page boundary. Everything up to the end of that key is independent of the extent's place in the file, and checksummed.
/// </summary>
internal static class ExtentHeaderFormat
{
    public const string Kind = "extent";

    /// <summary>The header of the padding, <c>bin 16</c>.</summary>
    public const int PadHeaderLength = 3;

    /// <summary>The header of the payload, <c>bin 32</c>.</summary>
    public const int PayloadHeaderLength = 5;

    /// <summary>The words for <see cref="ExtentCodec"/>, in its order.</summary>
    public static readonly string[] Codecs = ["none", "lz4", "zstd"];

    /// <summary>Writes the record up to the end of the key <c>pad</c>.</summary>
    public static void Write(
        IBufferWriter<byte> output, ExtentAddress address, ExtentCodec codec, PagePresence presence,
        ReadOnlySpan<byte> checksums, ReadOnlySpan<byte> blockLengths, ReadOnlySpan<byte> blockChecksums)
    {
        MessagePackWriter writer = new(output);
        writer.WriteArrayHeader(3);
        writer.Write(Kind);
        writer.WriteMapHeader(codec == ExtentCodec.None ? 6 : 8);
        writer.Field("space"u8, address.Space);
        writer.Field("address"u8, address.Address);
        writer.Field("codec"u8, Codecs[(int)codec]);
        writer.WriteString("presence"u8);
        writer.WriteBinHeader(PagePresence.ByteCount);
        presence.CopyTo(writer.GetSpan(PagePresence.ByteCount));
        writer.Advance(PagePresence.ByteCount);
        writer.WriteString("checksums"u8);
        writer.Write(checksums);
        if (codec != ExtentCodec.None)
        {
            writer.WriteString("block-lengths"u8);
            writer.Write(blockLengths);
            writer.WriteString("block-checksums"u8);
            writer.Write(blockChecksums);
        }

        writer.WriteString("pad"u8);
        writer.Flush();
    }

    /// <summary>Reads a record from its first byte to where the payload begins.</summary>
    public static ExtentHeader Read(ReadOnlyMemory<byte> bytes, long offset, ExtentHeader? reuse = null)
    {
        RecordHead head = RecordHead.Read(bytes.Span, Kind, offset);
        if (head.Kind != Kind || head.Elements != 3)
        {
            throw new ImageDamagedException(Kind, offset, "no extent begins here");
        }

        try
        {
            MapReader map = new(bytes, head.MapStart, Kind, offset);
            return ReadMap(ref map, bytes.Span, offset, reuse);
        }
        catch (Exception e) when (RecordFormat.IsDecoderError(e))
        {
            throw new ImageDamagedException(Kind, offset, e.Message, e);
        }
    }

    private static ExtentHeader ReadMap(ref MapReader map, ReadOnlySpan<byte> bytes, long offset, ExtentHeader? reuse)
    {
        ExtentAddress address = new(map.Int32("space"u8, 0), map.UInt64("address"u8));
        if (address.Address % ImageLayout.ExtentSpan != 0)
        {
            throw map.Damaged("address"u8, "is not a multiple of 2 MiB");
        }

        ExtentCodec codec = (ExtentCodec)map.Choice("codec"u8, Codecs);
        PagePresence presence = PagePresence.FromBytes(map.BytesInPlace("presence"u8, PagePresence.ByteCount, PagePresence.ByteCount).Span);
        int pages = presence.Count;
        if (pages == 0)
        {
            throw map.Damaged("presence"u8, "holds no page");
        }

        ReadOnlySpan<byte> checksums = map.BytesInPlace("checksums"u8, pages * 8, pages * 8).Span;
        int blocks = codec == ExtentCodec.None ? 0 : (pages + ImageLayout.PagesPerBlock - 1) / ImageLayout.PagesPerBlock;
        Span<int> blockEnds = stackalloc int[blocks];
        ReadOnlySpan<byte> blockChecksums = [];
        if (blocks > 0)
        {
            ReadBlockEnds(ref map, map.BytesInPlace("block-lengths"u8, blocks * 4, blocks * 4).Span, pages, blockEnds);
            blockChecksums = map.BytesInPlace("block-checksums"u8, blocks * 8, blocks * 8).Span;
        }

        int payloadLength = blocks == 0 ? pages * ImageLayout.PageSize : blockEnds[^1];
        int headerLength = CheckPadding(ref map, bytes, payloadLength, offset);
        ExtentEntry entry = new()
        {
            Address = address,
            RecordOffset = offset,
            PayloadOffset = offset + bytes.Length,
            PayloadLength = payloadLength,
            PresentPages = pages,
            Codec = codec,
            HeaderChecksum = PageChecksum.Of(bytes[..headerLength]),
        };
        var header = ExtentHeader.Take(reuse, pages, blocks);
        header.Fill(entry, presence, checksums, blockEnds, blockChecksums);
        return header;
    }

    /// <summary>Checks that nothing but zeros stands between the key <c>pad</c> and the payload; returns where that key ends.</summary>
    private static int CheckPadding(ref MapReader map, ReadOnlySpan<byte> bytes, int payloadLength, long offset)
    {
        int pad = map.LastValue;
        if (!bytes[..pad].EndsWith((ReadOnlySpan<byte>)[MessagePackCode.MinFixStr + 3, .. "pad"u8]))
        {
            throw map.Damaged(pad, "its last key is not 'pad'");
        }

        ReadOnlySpan<byte> rest = bytes[pad..];
        if (rest.Length < PadHeaderLength + PayloadHeaderLength
            || rest[0] != MessagePackCode.Bin16
            || BinaryPrimitives.ReadUInt16BigEndian(rest[1..]) != rest.Length - PadHeaderLength - PayloadHeaderLength
            || rest[PadHeaderLength..^PayloadHeaderLength].ContainsAnyExcept((byte)0)
            || rest.Length > PadHeaderLength + PayloadHeaderLength + ImageLayout.PageSize - 1
            || (offset + bytes.Length) % ImageLayout.PageSize != 0)
        {
            throw map.Damaged(pad, "its padding is not zeros up to the next page boundary");
        }

        ReadOnlySpan<byte> payload = rest[^PayloadHeaderLength..];
        return payload[0] == MessagePackCode.Bin32 && BinaryPrimitives.ReadUInt32BigEndian(payload[1..]) == payloadLength
            ? pad
            : throw map.Damaged(map.End, "its payload does not have the length of its pages");
    }

    private static void ReadBlockEnds(ref MapReader map, ReadOnlySpan<byte> lengths, int pages, scoped Span<int> ends)
    {
        int end = 0;
        for (int block = 0; block < ends.Length; block++)
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(lengths[(block * 4)..]);
            int decoded = Math.Min(ImageLayout.PagesPerBlock, pages - (block * ImageLayout.PagesPerBlock)) * ImageLayout.PageSize;
            if (length == 0 || length > decoded)
            {
                throw map.Damaged("block-lengths"u8, $"has {length} for block {block}, which holds {decoded} bytes");
            }

            ends[block] = end += (int)length;
        }
    }
}
