using System.Buffers.Binary;
using System.Globalization;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Netlink sockets that have no answer waiting or under way, netlink(7).</summary>
public sealed class NetlinkSockets(Refusals refusals)
{
    private const int NETLINK_LIST_MEMBERSHIPS = 9;
    private const int LargestMembership = 512;

    /// <summary>The record of a socket; null when it is refused.</summary>
    public NetlinkSocketRecord? Record(OpenDescription description, int type, int protocol)
    {
        OpenDescriptor first = description.First;
        if (IsBusy(first.Status.Inode))
        {
            refusals.Add(description.Subject, UnsupportedKind.NetlinkAnswers, $"protocol {protocol}");
            return null;
        }

        return new NetlinkSocketRecord
        {
            Id = description.Id,
            StatusFlags = first.StatusFlags,
            Inode = first.Status.Inode,
            Type = type,
            Options = SocketOptions.Differing(first, Interop.AF_NETLINK, type, protocol),
            Listening = false,
            Backlog = 0,
            Protocol = protocol,
            LocalAddress = SocketQuery.LocalAddress(first),
            PeerAddress = SocketQuery.PeerAddress(first),
            Groups = [.. Groups(first)],
        };
    }

    // sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
    private static bool IsBusy(ulong inode)
    {
        foreach (string line in File.ReadLines("/proc/net/netlink").Skip(1))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (ulong.Parse(words[9], CultureInfo.InvariantCulture) == inode)
            {
                return words[4] != "0" || words[6] != "0";
            }
        }

        return false;
    }

    private static IEnumerable<uint> Groups(OpenDescriptor socket)
    {
        byte[] bits = SocketQuery.Bytes(socket.Here, Interop.SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, LargestMembership) ?? [];
        for (int word = 0; word + sizeof(uint) <= bits.Length; word += sizeof(uint))
        {
            uint value = BinaryPrimitives.ReadUInt32LittleEndian(bits.AsSpan(word));
            for (int bit = 0; bit < 32; bit++)
            {
                if ((value >> bit & 1) != 0)
                {
                    yield return (uint)((word * 8) + bit + 1);
                }
            }
        }
    }
}
