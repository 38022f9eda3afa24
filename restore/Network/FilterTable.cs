using System.Buffers.Binary;

namespace LazyRestore.Restore.Network;

/// <summary>
/// Builds the requests for a table of the packet filter that drops all segments of some connections, coming and going
/// (linux/netfilter/nf_tables.h), except those that bear <see cref="Mark"/>.
/// </summary>
internal static class FilterTable
{
    /// <summary>SO_MARK of the segments that a restore makes up for its own connections.</summary>
    internal const uint Mark = 0x4c5a5253;

    // Rules go in pieces, each well below what a netlink socket takes at once.
    private const int ConnectionsPerBatch = 128;
    private const int Subsystem = 10; // NFNL_SUBSYS_NFTABLES
    private const byte AnyProtocol = 1; // NFPROTO_INET: IPv4 and IPv6
    private const int Acknowledge = 4; // NLM_F_ACK
    private const int Create = 0x400; // NLM_F_CREATE
    private const int Exclusive = 0x200; // NLM_F_EXCL
    private const int Append = 0x800; // NLM_F_APPEND
    private const uint OwnedBySocket = 2; // NFT_TABLE_F_OWNER
    private const uint BeforeTracking = unchecked((uint)-400); // NF_IP_PRI_CONNTRACK_DEFRAG

    /// <summary>The requests that make the table, each a batch that succeeds or fails as a whole.</summary>
    /// <param name="name">The name of the table.</param>
    /// <param name="owned">Whether it goes with the socket that made it.</param>
    /// <param name="connections">The connections.</param>
    internal static IEnumerable<byte[]> Make(string name, bool owned, IReadOnlyCollection<ConnectionAddress> connections)
    {
        bool first = true;
        foreach (ConnectionAddress[] some in connections.Chunk(ConnectionsPerBatch))
        {
            bool withTable = first;
            first = false;
            yield return Batch(messages =>
            {
                if (withTable)
                {
                    AddTable(messages, name, owned);
                    AddChain(messages, name, "input", hook: 1);
                    AddChain(messages, name, "output", hook: 3);
                }

                foreach (ConnectionAddress connection in some)
                {
                    AddRule(messages, name, "input", connection.Peer, connection.Local);
                    AddRule(messages, name, "output", connection.Local, connection.Peer);
                }
            });
        }
    }

    /// <summary>The request that takes the table away.</summary>
    internal static byte[] Delete(string name) => Batch(messages => messages.Add(
        Type(2), Acknowledge, AnyProtocol, 0, message => message.Text(1, name))); // NFT_MSG_DELTABLE, NFTA_TABLE_NAME

    private static byte[] Batch(Action<NetfilterMessage> add)
    {
        NetfilterMessage messages = new();
        messages.Add(0x10, 0, 0, Subsystem); // NFNL_MSG_BATCH_BEGIN
        add(messages);
        messages.Add(0x11, 0, 0, Subsystem); // NFNL_MSG_BATCH_END
        return messages.ToArray();
    }

    private static int Type(int request) => (Subsystem << 8) | request;

    // NFT_MSG_NEWTABLE with NFTA_TABLE_NAME and NFTA_TABLE_FLAGS.
    private static void AddTable(NetfilterMessage messages, string name, bool owned) => messages.Add(
        Type(0), Create | Exclusive | Acknowledge, AnyProtocol, 0, message => message.Text(1, name).Number(2, owned ? OwnedBySocket : 0));

    // NFT_MSG_NEWCHAIN with NFTA_CHAIN_TABLE, _NAME, _HOOK (NFTA_HOOK_HOOKNUM, _PRIORITY) and _TYPE.
    private static void AddChain(NetfilterMessage messages, string table, string name, uint hook) => messages.Add(
        Type(3), Create, AnyProtocol, 0, message => message
            .Text(1, table)
            .Text(3, name)
            .Nest(4, place => place.Number(1, hook).Number(2, BeforeTracking))
            .Text(7, "filter"));

    // NFT_MSG_NEWRULE with NFTA_RULE_TABLE, _CHAIN and _EXPRESSIONS.
    private static void AddRule(NetfilterMessage messages, string table, string chain, InetEndpoint from, InetEndpoint to) => messages.Add(
        Type(6), Create | Append, AnyProtocol, 0, message => message
            .Text(1, table)
            .Text(2, chain)
            .Nest(4, expressions =>
            {
                Meta(expressions, 3, equal: false, BitConverter.GetBytes(Mark)); // NFT_META_MARK
                Meta(expressions, 15, equal: true, [(byte)(from.IsV6 ? 10 : 2)]); // NFT_META_NFPROTO
                Meta(expressions, 16, equal: true, [6]); // NFT_META_L4PROTO
                Header(expressions, 1, from.IsV6 ? 8u : 12, from.Address.Span);
                Header(expressions, 1, from.IsV6 ? 24u : 16, to.Address.Span);
                Header(expressions, 2, 0, Ports(from, to));
                Drop(expressions);
            }));

    private static byte[] Ports(InetEndpoint from, InetEndpoint to)
    {
        byte[] ports = new byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(ports, from.Port);
        BinaryPrimitives.WriteUInt16BigEndian(ports.AsSpan(2), to.Port);
        return ports;
    }

    // NFTA_META_DREG and _KEY.
    private static void Meta(NetfilterMessage expressions, uint key, bool equal, byte[] value)
    {
        Expression(expressions, "meta", data => data.Number(1, 1).Number(2, key));
        Compare(expressions, equal, value);
    }

    // NFTA_PAYLOAD_DREG, _BASE (1: network header, 2: transport header), _OFFSET and _LEN.
    private static void Header(NetfilterMessage expressions, uint header, uint offset, ReadOnlySpan<byte> value)
    {
        byte[] wanted = value.ToArray();
        Expression(
            expressions, "payload", data => data.Number(1, 1).Number(2, header).Number(3, offset).Number(4, (uint)wanted.Length));
        Compare(expressions, equal: true, wanted);
    }

    // NFTA_CMP_SREG, _OP (0: equal, 1: not equal) and _DATA.
    private static void Compare(NetfilterMessage expressions, bool equal, byte[] value) => Expression(
        expressions, "cmp", data => data.Number(1, 1).Number(2, equal ? 0u : 1).Nest(3, inside => inside.Bytes(1, value)));

    // NFTA_IMMEDIATE_DREG (the verdict) and _DATA: NFTA_DATA_VERDICT with NFTA_VERDICT_CODE, NF_DROP.
    private static void Drop(NetfilterMessage expressions) => Expression(
        expressions, "immediate", data => data.Number(1, 0).Nest(2, inside => inside.Nest(2, verdict => verdict.Number(1, 0))));

    // NFTA_LIST_ELEM with NFTA_EXPR_NAME and _DATA.
    private static void Expression(NetfilterMessage expressions, string name, Action<NetfilterMessage> data) =>
        expressions.Nest(1, element => element.Text(1, name).Nest(2, data));
}
