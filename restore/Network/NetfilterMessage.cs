using System.Buffers.Binary;
using System.Text;

namespace LazyRestore.Restore.Network;

/// <summary>
/// Lays out messages for the packet filter, one behind the other: netlink(7), struct nlmsghdr, nfgenmsg and nlattr, the names of which
/// are in linux/netfilter/nf_tables.h. Numbers in attributes are big-endian.
/// </summary>
internal sealed class NetfilterMessage
{
    private const int HeaderLength = 16;
    private const int GenericLength = 4;
    private const int AttributeLength = 4;
    private const ushort Nested = 0x8000; // NLA_F_NESTED
    private const ushort Request = 1; // NLM_F_REQUEST
    private readonly List<byte> _bytes = [];

    /// <summary>All messages.</summary>
    internal byte[] ToArray() => [.. _bytes];

    /// <summary>Adds a message.</summary>
    /// <param name="type">The subsystem and the request.</param>
    /// <param name="flags">NLM_F_* besides NLM_F_REQUEST.</param>
    /// <param name="family">NFPROTO_*.</param>
    /// <param name="resource">Of a batch's borders, the subsystem.</param>
    /// <param name="attributes">Adds the attributes.</param>
    internal void Add(int type, int flags, byte family, ushort resource, Action<NetfilterMessage>? attributes = null)
    {
        int start = _bytes.Count;
        Span<byte> head = stackalloc byte[HeaderLength + GenericLength];
        BinaryPrimitives.WriteUInt16LittleEndian(head[4..], (ushort)type);
        BinaryPrimitives.WriteUInt16LittleEndian(head[6..], (ushort)(flags | Request));
        head[HeaderLength] = family;
        BinaryPrimitives.WriteUInt16BigEndian(head[(HeaderLength + 2)..], resource);
        _bytes.AddRange(head);
        attributes?.Invoke(this);
        Span<byte> length = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteInt32LittleEndian(length, _bytes.Count - start);
        Replace(start, length);
    }

    /// <summary>Adds an attribute with bytes.</summary>
    internal NetfilterMessage Bytes(int type, ReadOnlySpan<byte> value)
    {
        AddHead(type, AttributeLength + value.Length);
        _bytes.AddRange(value);
        while (_bytes.Count % AttributeLength != 0)
        {
            _bytes.Add(0);
        }

        return this;
    }

    /// <summary>Adds an attribute with a number.</summary>
    internal NetfilterMessage Number(int type, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return Bytes(type, bytes);
    }

    /// <summary>Adds an attribute with a zero-terminated text.</summary>
    internal NetfilterMessage Text(int type, string value) => Bytes(type, Encoding.UTF8.GetBytes(value + "\0"));

    /// <summary>Adds an attribute that consists of others.</summary>
    internal NetfilterMessage Nest(int type, Action<NetfilterMessage> inside)
    {
        int start = _bytes.Count;
        AddHead(type | Nested, AttributeLength);
        inside(this);
        Span<byte> length = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)(_bytes.Count - start));
        Replace(start, length);
        return this;
    }

    private void AddHead(int type, int length)
    {
        Span<byte> head = stackalloc byte[AttributeLength];
        BinaryPrimitives.WriteUInt16LittleEndian(head, (ushort)length);
        BinaryPrimitives.WriteUInt16LittleEndian(head[2..], (ushort)type);
        _bytes.AddRange(head);
    }

    private void Replace(int start, ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            _bytes[start + i] = bytes[i];
        }
    }
}
