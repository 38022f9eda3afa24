using System.Buffers;
using System.Text;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

/// <summary>The values of a map, each checked against what is possible before it is allocated.</summary>
internal ref partial struct MapReader
{
    public ulong UInt64(ReadOnlySpan<byte> key, ulong max = ulong.MaxValue)
    {
        MessagePackReader reader = Seek(key, MessagePackType.Integer);
        ulong value = reader.ReadUInt64();
        return value <= max ? value : throw Damaged(key, $"is {value}, more than {max}");
    }

    public long Int64(ReadOnlySpan<byte> key, long min = long.MinValue, long max = long.MaxValue)
    {
        MessagePackReader reader = Seek(key, MessagePackType.Integer);
        long value = reader.ReadInt64();
        return value >= min && value <= max ? value : throw Damaged(key, $"is {value}, not within {min} to {max}");
    }

    public uint UInt32(ReadOnlySpan<byte> key) => (uint)UInt64(key, uint.MaxValue);

    public int Int32(ReadOnlySpan<byte> key, int min = int.MinValue, int max = int.MaxValue) => (int)Int64(key, min, max);

    public bool Boolean(ReadOnlySpan<byte> key) => Seek(key, MessagePackType.Boolean).ReadBoolean();

    /// <summary>A mark that may be missing, which means false.</summary>
    public bool Flag(ReadOnlySpan<byte> key) => Has(key) && Boolean(key);

    /// <summary>A number from 1 on that may be missing, which means 0.</summary>
    public int Int32OrZero(ReadOnlySpan<byte> key, int max) => Has(key) ? Int32(key, 1, max) : 0;

    /// <summary>One of several words; returns its place in the list.</summary>
    public int Choice(ReadOnlySpan<byte> key, ReadOnlySpan<string> words)
    {
        string word = Text(key, ImageLimits.Kind);
        int place = words.IndexOf(word);
        return place >= 0 ? place : throw Damaged(key, $"is '{word}', which is none of {string.Join(", ", words.ToArray())}");
    }

    /// <summary>A bit mask that holds no bits but <paramref name="possible"/>.</summary>
    public int Bits(ReadOnlySpan<byte> key, int possible)
    {
        int value = Int32(key, 0);
        return (value & ~possible) == 0 ? value : throw Damaged(key, $"is 0x{value:x}, beyond 0x{possible:x}");
    }

    /// <summary>Text of at most <paramref name="limit"/> bytes of UTF-8.</summary>
    public string Text(ReadOnlySpan<byte> key, int limit)
    {
        MessagePackReader reader = Seek(key, MessagePackType.String);
        if (!reader.TryReadStringSpan(out ReadOnlySpan<byte> utf8) || utf8.Length > limit)
        {
            throw Damaged(key, $"is longer than {limit} bytes");
        }

        try
        {
            return s_strictUtf8.GetString(utf8);
        }
        catch (DecoderFallbackException e)
        {
            throw new ImageDamagedException(_kind, _offset + _start, $"'{Encoding.UTF8.GetString(key)}' is not UTF-8", e);
        }
    }

    /// <summary>A copy of bytes whose number lies within limits.</summary>
    public byte[] Bytes(ReadOnlySpan<byte> key, int min, int max)
    {
        MessagePackReader reader = Seek(key, MessagePackType.Binary);
        return Bytes(ref reader, key, min, max);
    }

    /// <summary>Bytes where they stand in the record, without a copy.</summary>
    public ReadOnlyMemory<byte> BytesInPlace(ReadOnlySpan<byte> key, int min, int max)
    {
        MessagePackReader reader = Seek(key, MessagePackType.Binary);
        return BytesInPlace(ref reader, key, min, max);
    }

    public byte[] Bytes(ReadOnlySpan<byte> key, int max) => Bytes(key, 0, max);

    /// <summary>A list of bytes.</summary>
    public ReadOnlyMemory<byte>[] BytesList(ReadOnlySpan<byte> key, int minEach, int maxEach)
    {
        MessagePackReader reader = Seek(key, MessagePackType.Array);
        ReadOnlyMemory<byte>[] list = new ReadOnlyMemory<byte>[ListLength(ref reader, key, ImageLimits.List)];
        foreach (ref ReadOnlyMemory<byte> item in list.AsSpan())
        {
            if (reader.NextMessagePackType != MessagePackType.Binary)
            {
                throw Damaged(key, "holds something else than bytes");
            }

            item = Bytes(ref reader, key, minEach, maxEach);
        }

        return list;
    }

    /// <summary>A list of numbers.</summary>
    public uint[] UInt32List(ReadOnlySpan<byte> key, int min, int max)
    {
        MessagePackReader reader = Seek(key, MessagePackType.Array);
        uint[] list = new uint[ListLength(ref reader, key, max)];
        if (list.Length < min)
        {
            throw Damaged(key, $"has {list.Length} elements, fewer than {min}");
        }

        foreach (ref uint item in list.AsSpan())
        {
            item = reader.ReadUInt32();
        }

        return list;
    }

    /// <summary>A nested map.</summary>
    public MapReader Map(ReadOnlySpan<byte> key)
    {
        _ = Seek(key, MessagePackType.Map, out int value);
        return new MapReader(_record, value, _kind, _offset);
    }

    /// <summary>Whether the value of a required key is nil.</summary>
    public bool IsNil(ReadOnlySpan<byte> key) => ReaderAt(Find(key)).NextMessagePackType == MessagePackType.Nil;

    /// <summary>A list of maps.</summary>
    public T[] MapList<T>(ReadOnlySpan<byte> key, int max, MapItem<T> read)
    {
        MessagePackReader reader = Seek(key, MessagePackType.Array, out int value);
        T[] list = new T[ListLength(ref reader, key, max)];
        int position = value + (int)reader.Consumed;
        foreach (ref T item in list.AsSpan())
        {
            MapReader map = new(_record, position, _kind, _offset);
            item = read(ref map);
            position = map.End;
        }

        return list;
    }

    /// <summary>A list of values that are no maps.</summary>
    public T[] List<T>(ReadOnlySpan<byte> key, int max, ListItem<T> read)
    {
        MessagePackReader reader = Seek(key, MessagePackType.Array, out int value);
        T[] list = new T[ListLength(ref reader, key, max)];
        int position = value + (int)reader.Consumed;
        foreach (ref T item in list.AsSpan())
        {
            _ = MessageFrame.Measure(_record.Span[position..], out long length);
            MessagePackReader bounded = new(_record.Slice(position, (int)length));
            item = read(ref bounded);
            position += (int)length;
        }

        return list;
    }

    private readonly byte[] Bytes(ref MessagePackReader reader, ReadOnlySpan<byte> key, int min, int max) =>
        BytesInPlace(ref reader, key, min, max).ToArray();

    private readonly ReadOnlyMemory<byte> BytesInPlace(ref MessagePackReader reader, ReadOnlySpan<byte> key, int min, int max)
    {
        // A record lies in one piece.
        ReadOnlyMemory<byte> bytes = reader.ReadBytes()!.Value.First;
        return bytes.Length >= min && bytes.Length <= max
            ? bytes
            : throw Damaged(key, $"has {bytes.Length} bytes, not {min} to {max}");
    }

    /// <summary>The length of a list; the scan of the map has shown already that the elements are there.</summary>
    private readonly int ListLength(ref MessagePackReader reader, ReadOnlySpan<byte> key, int max)
    {
        int length = reader.ReadArrayHeader();
        return length <= max ? length : throw Damaged(key, $"has {length} elements, more than {max}");
    }
}
