using System.Runtime.CompilerServices;
using System.Text;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

/// <summary>Reads one value out of a map that stands in a list.</summary>
internal delegate T MapItem<T>(ref MapReader map);

/// <summary>Reads one value that stands in a list; what it leaves unread of the value is skipped.</summary>
internal delegate T ListItem<T>(ref MessagePackReader reader);

/// <summary>
/// A map with string keys, read by key: the whole map is scanned once, then each value is taken by its name. A formatter
/// becomes a list of fields, the order of the keys does not matter, and unknown keys are skipped by never being asked for.
/// </summary>
internal ref partial struct MapReader
{
    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The record; positions are relative to its first byte.</summary>
    private readonly ReadOnlyMemory<byte> _record;

    /// <summary>The record's kind and offset, for errors.</summary>
    private readonly string _kind;
    private readonly long _offset;

    private readonly int _start;
    private readonly int _count;
    private KeyTable _keys;

    /// <summary>Where the next key is expected: writers keep the order of the specification, so the search ends at once.</summary>
    private int _next;

    /// <summary>Scans the map that begins at <paramref name="start"/> of a record.</summary>
    public MapReader(ReadOnlyMemory<byte> record, int start, string kind, long offset)
    {
        _record = record;
        _start = start;
        _kind = kind;
        _offset = offset;
        MessagePackReader reader = ReaderAt(start);
        Expect(reader, MessagePackType.Map, start, "the body");
        _count = reader.ReadMapHeader();
        if (_count > ImageLimits.Keys)
        {
            throw Damaged(start, $"a map with {_count} keys");
        }

        int position = start + (int)reader.Consumed;
        for (int index = 0; index < _count; index++)
        {
            ScanKey(index, ref position);
        }

        End = position;
    }

    /// <summary>Where the map ends.</summary>
    public int End { get; }

    /// <summary>Where the map's last key ends, and its value begins; the map's own beginning when it is empty.</summary>
    public readonly int LastValue => _count == 0 ? _start : _keys[_count - 1].Value;

    /// <summary>The error for a place of this record.</summary>
    public readonly ImageDamagedException Damaged(int position, string problem) => new(_kind, _offset + position, problem);

    /// <summary>The error for an impossible value.</summary>
    public readonly ImageDamagedException Damaged(ReadOnlySpan<byte> key, string problem) =>
        Damaged(_start, $"'{Encoding.UTF8.GetString(key)}' {problem}");

    private void ScanKey(int index, ref int position)
    {
        MessagePackReader reader = ReaderAt(position);
        Expect(reader, MessagePackType.String, position, "a key");

        // The decoder takes a length beyond 2 GiB for a negative one, so what it reads has to be there first.
        if (MessageFrame.Measure(_record.Span[position..], out _) != MessageFrame.Outcome.Complete
            || !reader.TryReadStringSpan(out ReadOnlySpan<byte> key))
        {
            throw Damaged(position, "a key is cut off");
        }

        for (int earlier = 0; earlier < index; earlier++)
        {
            if (KeyAt(earlier).SequenceEqual(key))
            {
                throw Damaged(position, $"the key '{Encoding.UTF8.GetString(key)}' stands twice");
            }
        }

        int value = position + (int)reader.Consumed;
        _keys[index] = new Key(value - key.Length, key.Length, value);
        if (MessageFrame.Measure(_record.Span[value..], out long length) != MessageFrame.Outcome.Complete)
        {
            throw Damaged(value, $"the value of '{Encoding.UTF8.GetString(key)}' is cut off");
        }

        position = value + (int)length;
    }

    /// <summary>Whether the map has a key.</summary>
    public readonly bool Has(ReadOnlySpan<byte> key)
    {
        for (int index = 0; index < _count; index++)
        {
            if (KeyAt(index).SequenceEqual(key))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Where the value of a required key begins.</summary>
    private int Find(ReadOnlySpan<byte> key)
    {
        for (int tried = 0; tried < _count; tried++, _next++)
        {
            _next = _next < _count ? _next : 0;
            if (KeyAt(_next).SequenceEqual(key))
            {
                return _keys[_next++].Value;
            }
        }

        throw Damaged(key, "is missing");
    }

    /// <summary>A reader at the value of a required key, which must be of a type.</summary>
    private MessagePackReader Seek(ReadOnlySpan<byte> key, MessagePackType type) => Seek(key, type, out _);

    private MessagePackReader Seek(ReadOnlySpan<byte> key, MessagePackType type, out int value)
    {
        value = Find(key);
        MessagePackReader reader = ReaderAt(value);
        if (reader.NextMessagePackType != type)
        {
            throw Damaged(value, $"'{Encoding.UTF8.GetString(key)}' is {reader.NextMessagePackType}, not {type}");
        }

        return reader;
    }

    private readonly void Expect(MessagePackReader reader, MessagePackType type, int position, string what)
    {
        if (reader.End || reader.NextMessagePackType != type)
        {
            throw Damaged(position, $"{what} is not {type}");
        }
    }

    private readonly MessagePackReader ReaderAt(int position) => new(_record[position..]);

    private readonly ReadOnlySpan<byte> KeyAt(int index) => _record.Span.Slice(_keys[index].Start, _keys[index].Length);

    private readonly record struct Key(int Start, int Length, int Value);

    [InlineArray(ImageLimits.Keys)]
    private struct KeyTable
    {
        private Key _first;
    }
}
