using System.Text;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>UNIX-domain sockets, unix(7): unconnected, listening, or connected inside the process.</summary>
public sealed class UnixSockets(StandardStreams streams, IReadOnlyList<OpenDescription> all, bool lookOnly, Refusals refusals)
{
    private const int Established = 1;
    private readonly Lazy<Dictionary<ulong, UnixSocketState>> _sockets = new(UnixSocketList.Read);

    /// <summary>The record of a socket; null when it is refused.</summary>
    public OpenFileRecord? Record(OpenDescription description, int type)
    {
        OpenDescriptor first = description.First;
        UnixSocketState state = _sockets.Value.TryGetValue(first.Status.Inode, out UnixSocketState found)
            ? found
            : throw new LazyRestoreException(FailureReason.Failed, $"{description.Subject}: the kernel does not know this UNIX socket");
        ReadOnlyMemory<byte> address = Stem(SocketQuery.LocalAddress(first).AsMemory(sizeof(ushort)));
        bool listening = SocketQuery.Number(first, Interop.SOL_SOCKET, Interop.SO_ACCEPTCONN) != 0;
        if (listening && state.Waiting > 0)
        {
            refusals.Add(description.Subject, UnsupportedKind.WaitingConnections, $"{state.Waiting} at {Name(address.Span)}");
            return null;
        }

        if (!listening && LeadsOutside(state))
        {
            return streams.Replace(
                description, UnsupportedKind.OutsideStream, UnsupportedKind.OutsideUnixSocket, $"{first.Link} {Name(address.Span)}".TrimEnd(), description.StandardStream);
        }

        return new UnixSocketRecord
        {
            Id = description.Id,
            StatusFlags = first.StatusFlags,
            Inode = first.Status.Inode,
            Type = type,
            Options = SocketOptions.Differing(first, Interop.AF_UNIX, type, 0),
            Listening = listening,
            Backlog = listening ? state.Backlog : 0,
            Address = address,
            PeerInode = state.PeerInode,
            PeerClosed = state.PeerInode == 0 && state.State == Established && type != Interop.SOCK_DGRAM,
            ShutDown = state.ShutDown,
            ReceiveQueue = listening ? [] : Queue(new UnixMessages(description, refusals), type),
        };
    }

    private IReadOnlyList<ReadOnlyMemory<byte>> Queue(UnixMessages messages, int type)
    {
        if (!lookOnly)
        {
            return messages.Peek(type);
        }

        messages.LookAtFirst();
        return [];
    }

    private bool LeadsOutside(UnixSocketState state) =>
        state.PeerInode != 0
        && !all.Any(other => other.First.Status.Type == Interop.S_IFSOCK && other.First.Status.Inode == state.PeerInode);

    // The kernel ends a path with a zero byte; every byte of an abstract name counts.
    private static ReadOnlyMemory<byte> Stem(ReadOnlyMemory<byte> address) =>
        address.Span is [not 0, ..] ? address.TrimEnd((byte)0) : address;

    // An abstract name begins with a zero byte, which people write as @.
    private static string Name(ReadOnlySpan<byte> address) => Encoding.UTF8.GetString(address).TrimEnd('\0').Replace('\0', '@');
}
