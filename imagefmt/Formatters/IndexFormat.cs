using System.Buffers;
using System.Text;
using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

/// <summary>The index record: a list with an array per extent, in ascending order of space and address.</summary>
internal static class IndexFormat
{
    public const string Kind = "index";

    private const int Fields = 8;

    /// <summary>Bytes that an entry takes at least; bounds the table by the bytes that are there.</summary>
    private const int MinEntryLength = 12;

    /// <summary>Writes the record.</summary>
    public static void Write(IBufferWriter<byte> output, ReadOnlySpan<ExtentEntry> entries)
    {
        MessagePackWriter writer = new(output);
        writer.WriteArrayHeader(2);
        writer.Write(Kind);
        writer.WriteMapHeader(1);
        writer.WriteString("extents"u8);
        writer.WriteArrayHeader(entries.Length);
        foreach (ref readonly ExtentEntry entry in entries)
        {
            writer.WriteArrayHeader(Fields);
            writer.Write(entry.Address.Space);
            writer.Write(entry.Address.Address);
            writer.Write(entry.RecordOffset);
            writer.Write(entry.PayloadOffset);
            writer.Write(entry.PayloadLength);
            writer.Write(entry.PresentPages);
            writer.Write(ExtentHeaderFormat.Codecs[(int)entry.Codec]);
            writer.Write(entry.HeaderChecksum);
        }

        writer.Flush();
    }

    /// <summary>Reads the record out of a whole MessagePack value.</summary>
    public static ExtentEntry[] Read(ReadOnlyMemory<byte> bytes, long offset)
    {
        RecordHead head = RecordHead.Read(bytes.Span, Kind, offset);
        if (head.Kind != Kind || MessageFrame.RequireWhole(bytes.Span, Kind, offset) != bytes.Length)
        {
            throw new ImageDamagedException(Kind, offset, "it is not what stands before the trailer");
        }

        try
        {
            MapReader map = new(bytes, head.MapStart, Kind, offset);
            return map.List("extents"u8, bytes.Length / MinEntryLength, ReadEntry);
        }
        catch (Exception e) when (RecordFormat.IsDecoderError(e))
        {
            throw new ImageDamagedException(Kind, offset, e.Message, e);
        }
    }

    private static ExtentEntry ReadEntry(ref MessagePackReader reader)
    {
        int fields = reader.ReadArrayHeader();
        if (fields < Fields)
        {
            throw new MessagePackSerializationException($"an entry has {fields} fields, fewer than {Fields}");
        }

        return new()
        {
            Address = new ExtentAddress(reader.ReadInt32(), reader.ReadUInt64()),
            RecordOffset = reader.ReadInt64(),
            PayloadOffset = reader.ReadInt64(),
            PayloadLength = reader.ReadInt32(),
            PresentPages = reader.ReadInt32(),
            Codec = ReadCodec(ref reader),
            HeaderChecksum = reader.ReadUInt64(),
        };
    }

    /// <summary>Takes the codec's word without making a string of it: an index has one per extent.</summary>
    private static ExtentCodec ReadCodec(ref MessagePackReader reader)
    {
        if (reader.TryReadStringSpan(out ReadOnlySpan<byte> word))
        {
            foreach (ExtentCodec codec in (ReadOnlySpan<ExtentCodec>)[ExtentCodec.None, ExtentCodec.Lz4, ExtentCodec.Zstd])
            {
                if (Ascii.Equals(word, ExtentHeaderFormat.Codecs[(int)codec]))
                {
                    return codec;
                }
            }
        }

        throw new MessagePackSerializationException("an entry names an unknown codec");
    }
}
