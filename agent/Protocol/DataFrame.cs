using System.Buffers.Binary;

namespace LazyRestore.Agent.Protocol;

/// <summary>
/// The beginning of a data frame, of fixed width, so that a payload can be put behind it, or received, in one piece: an array of four,
/// "data", the request as uint 64, whether the answer ends here, and a bin 32.
/// </summary>
internal static class DataFrame
{
    /// <summary>Bytes before the payload.</summary>
    internal const int HeadLength = 21;

    private const int IdOffset = 7;
    private const int LastOffset = 15;
    private const int BinOffset = 16;
    private const byte False = 0xc2;
    private const byte Bin32 = 0xc6;

    private static ReadOnlySpan<byte> Beginning => [0x94, 0xa4, (byte)'d', (byte)'a', (byte)'t', (byte)'a', 0xcf];

    /// <summary>Whether bytes begin like a data frame.</summary>
    internal static bool IsHead(ReadOnlySpan<byte> bytes) => bytes.Length >= IdOffset && bytes.StartsWith(Beginning);

    /// <summary>Writes the beginning.</summary>
    internal static void Write(Span<byte> head, ulong id, bool isLast, int length)
    {
        Beginning.CopyTo(head);
        BinaryPrimitives.WriteUInt64BigEndian(head[IdOffset..], id);
        head[LastOffset] = (byte)(False + (isLast ? 1 : 0));
        head[BinOffset] = Bin32;
        BinaryPrimitives.WriteUInt32BigEndian(head[(BinOffset + 1)..], (uint)length);
    }

    /// <summary>Reads the beginning.</summary>
    internal static (ulong Id, bool IsLast, uint Length) Read(ReadOnlySpan<byte> head) =>
        head[LastOffset] is False or False + 1 && head[BinOffset] == Bin32
            ? (BinaryPrimitives.ReadUInt64BigEndian(head[IdOffset..]), head[LastOffset] != False, BinaryPrimitives.ReadUInt32BigEndian(head[(BinOffset + 1)..]))
            : throw new PageProtocolException("the head of a data frame has another form");
}
