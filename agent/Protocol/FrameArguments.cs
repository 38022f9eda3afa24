using System.Text;
using LazyRestore.ImageFormat;
using MessagePack;

namespace LazyRestore.Agent.Protocol;

/// <summary>Reads what follows the name in a frame, one value after another. Whatever is not as it has to be ends the connection.</summary>
internal ref struct FrameArguments
{
    private readonly ReadOnlyMemory<byte> _frame;
    private int _position;
    private int _left;

    private FrameArguments(ReadOnlyMemory<byte> frame, int position, int count)
    {
        _frame = frame;
        _position = position;
        _left = count;
    }

    /// <summary>Reads the name of a frame of the page protocol, all of which is there.</summary>
    internal static FrameArguments Read(ReadOnlyMemory<byte> frame, out FrameKind kind)
    {
        MessagePackReader reader = new(frame);
        int count = Begin(ref reader);
        kind = reader.TryReadStringSpan(out ReadOnlySpan<byte> name) ? FrameNames.Parse(name) : throw Nameless();
        return new FrameArguments(frame, (int)reader.Consumed, count);
    }

    /// <summary>Reads the name of a frame of any protocol, all of which is there.</summary>
    internal static FrameArguments Read(ReadOnlyMemory<byte> frame, out string name)
    {
        MessagePackReader reader = new(frame);
        int count = Begin(ref reader);
        name = reader.ReadString()!;
        return new FrameArguments(frame, (int)reader.Consumed, count);
    }

    private static int Begin(ref MessagePackReader reader) =>
        reader.NextMessagePackType == MessagePackType.Array && reader.ReadArrayHeader() is > 0 and int count
            && reader.NextMessagePackType == MessagePackType.String ? count - 1 : throw Nameless();

    private static PageProtocolException Nameless() => new("a frame is no array that begins with a name");

    /// <summary>A whole number from 0 to <paramref name="most"/>.</summary>
    internal ulong Number(ulong most = ulong.MaxValue)
    {
        MessagePackReader reader = Next(MessagePackType.Integer, out int length);
        if (_frame.Span[_position] is >= 0xd0 and <= 0xd3 or >= 0xe0)
        {
            throw new PageProtocolException("a number is negative");
        }

        ulong number = reader.ReadUInt64();
        _position += length;
        return number <= most ? number : throw new PageProtocolException($"{number} is more than {most}");
    }

    /// <summary>A truth value.</summary>
    internal bool Flag()
    {
        MessagePackReader reader = Next(MessagePackType.Boolean, out int length);
        _position += length;
        return reader.ReadBoolean();
    }

    /// <summary>A text.</summary>
    internal string Text(int longest = PageProtocol.LongestName)
    {
        MessagePackReader reader = Next(MessagePackType.String, out int length);
        _position += length;
        _ = reader.TryReadStringSpan(out ReadOnlySpan<byte> text);
        return text.Length <= longest ? Encoding.UTF8.GetString(text) : throw new PageProtocolException("a text is too long");
    }

    /// <summary>The beginning of a map; its keys and values are read as further arguments.</summary>
    internal int Map()
    {
        MessagePackReader reader = Next(MessagePackType.Map, out _);
        int count = reader.ReadMapHeader();
        _position += (int)reader.Consumed;
        _left += 2 * count;
        return count;
    }

    /// <summary>The beginning of an array; its elements are read as further arguments.</summary>
    internal int Array(int most)
    {
        MessagePackReader reader = Next(MessagePackType.Array, out _);
        int count = reader.ReadArrayHeader();
        _position += (int)reader.Consumed;
        _left += count;
        return count <= most ? count : throw new PageProtocolException($"an array has {count} elements");
    }

    /// <summary>Leaves a value out.</summary>
    internal void Skip()
    {
        _position += Measure();
        _left--;
    }

    private readonly int Measure()
    {
        if (_left == 0 || MessageFrame.Measure(_frame.Span[_position..], out long length) != MessageFrame.Outcome.Complete)
        {
            throw new PageProtocolException("a frame has too few values");
        }

        return (int)length;
    }

    private MessagePackReader Next(MessagePackType type, out int length)
    {
        length = Measure();
        _left--;
        MessagePackReader reader = new(_frame[_position..]);
        return reader.NextMessagePackType == type ? reader : throw new PageProtocolException($"a value is {reader.NextMessagePackType}, not {type}");
    }
}
