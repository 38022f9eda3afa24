using System.Buffers.Binary;

namespace LazyRestore.ImageFormat;

/// <summary>Finds where a MessagePack value ends, without recursion, allocation or exceptions.</summary>
public static class MessageFrame
{
    /// <summary>What <see cref="Measure"/> found.</summary>
    public enum Outcome
    {
        /// <summary>The value is there as a whole; the length is its own.</summary>
        Complete,

        /// <summary>The value goes on beyond the bytes; the length is the least that it can have.</summary>
        Incomplete,

        /// <summary>The bytes are no MessagePack; the length is where they cease to be.</summary>
        Invalid,
    }

    /// <summary>Measures the value at the beginning of <paramref name="bytes"/>.</summary>
    public static Outcome Measure(ReadOnlySpan<byte> bytes, out long length)
    {
        length = 0;
        long pending = 1;
        Outcome outcome = Advance(bytes, ref length, ref pending);
        length += outcome == Outcome.Incomplete ? pending : 0;
        return outcome;
    }

    /// <summary>Goes on measuring where an earlier call ended, so that bytes which arrive in pieces are looked at once.</summary>
    /// <param name="bytes">All bytes so far, from the beginning.</param>
    /// <param name="length">How far the values reach that were found; it may lie beyond the bytes.</param>
    /// <param name="pending">How many values are still to come.</param>
    public static Outcome Advance(ReadOnlySpan<byte> bytes, ref long length, ref long pending)
    {
        while (pending > 0)
        {
            if (length >= bytes.Length)
            {
                return Outcome.Incomplete;
            }

            ReadOnlySpan<byte> rest = bytes[(int)length..];
            int lengthBytes = LengthBytes(rest[0]);
            if (lengthBytes < 0)
            {
                return Outcome.Invalid;
            }

            if (rest.Length <= lengthBytes)
            {
                return Outcome.Incomplete;
            }

            (long body, long children) = Content(rest[0], ReadLength(rest.Slice(1, lengthBytes)));
            length += 1 + lengthBytes + body;
            pending += children - 1;
        }

        return length <= bytes.Length ? Outcome.Complete : Outcome.Incomplete;
    }

    /// <summary>The length of the value at the beginning of <paramref name="bytes"/>, all of which has to be there.</summary>
    internal static int RequireWhole(ReadOnlySpan<byte> bytes, string kind, long offset) => Measure(bytes, out long length) switch
    {
        Outcome.Complete => (int)length,
        Outcome.Incomplete => throw new ImageDamagedException(kind, offset, "it goes on where the image or its part ends"),
        _ => throw new ImageDamagedException(kind, offset + length, "no MessagePack value begins here"),
    };

    /// <summary>How many bytes of length follow the first byte of a value; negative when no value begins with it.</summary>
    private static int LengthBytes(byte code) => code switch
    {
        0xc1 => -1,
        0xc4 or 0xc7 or 0xd9 => 1,
        0xc5 or 0xc8 or 0xda or 0xdc or 0xde => 2,
        0xc6 or 0xc9 or 0xdb or 0xdd or 0xdf => 4,
        _ => 0,
    };

    private static long ReadLength(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        1 => bytes[0],
        2 => BinaryPrimitives.ReadUInt16BigEndian(bytes),
        4 => BinaryPrimitives.ReadUInt32BigEndian(bytes),
        _ => 0,
    };

    /// <summary>The bytes and the nested values that follow a value's first byte and length.</summary>
    private static (long Body, long Children) Content(byte code, long length) => code switch
    {
        >= 0x80 and <= 0x8f => (0, 2 * (code & 0x0f)),
        >= 0x90 and <= 0x9f => (0, code & 0x0f),
        >= 0xa0 and <= 0xbf => (code & 0x1f, 0),
        >= 0xc4 and <= 0xc6 => (length, 0),
        >= 0xc7 and <= 0xc9 => (length + 1, 0),
        0xca => (4, 0),
        0xcb => (8, 0),
        >= 0xcc and <= 0xcf => (1 << (code - 0xcc), 0),
        >= 0xd0 and <= 0xd3 => (1 << (code - 0xd0), 0),
        >= 0xd4 and <= 0xd8 => ((1 << (code - 0xd4)) + 1, 0),
        >= 0xd9 and <= 0xdb => (length, 0),
        0xdc or 0xdd => (0, length),
        0xde or 0xdf => (0, 2 * length),
        _ => (0, 0),
    };
}
