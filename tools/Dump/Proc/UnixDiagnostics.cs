using System.Buffers.Binary;

namespace LazyRestore.Tools.Dump.Proc;

/// <summary>
/// What sock_diag(7) tells of UNIX sockets: builds the request and reads the answer (struct unix_diag_req and unix_diag_msg in
/// linux/unix_diag.h).
/// </summary>
public static class UnixDiagnostics
{
    private const int MessageHeader = 16;
    private const int SocketHeader = 16;
    private const ushort NLMSG_ERROR = 2;
    private const ushort NLMSG_DONE = 3;
    private const ushort SOCK_DIAG_BY_FAMILY = 20;
    private const ushort NLM_F_REQUEST_DUMP = 0x301;
    private const ushort UNIX_DIAG_PEER = 2;
    private const ushort UNIX_DIAG_RQLEN = 4;
    private const ushort UNIX_DIAG_SHUTDOWN = 6;
    private const uint UDIAG_SHOW_PEER = 4;
    private const uint UDIAG_SHOW_RQLEN = 16;

    /// <summary>A request for all UNIX sockets of the network namespace.</summary>
    public static byte[] Request()
    {
        byte[] request = new byte[MessageHeader + 24];
        BinaryPrimitives.WriteInt32LittleEndian(request, request.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(request.AsSpan(4), SOCK_DIAG_BY_FAMILY);
        BinaryPrimitives.WriteUInt16LittleEndian(request.AsSpan(6), NLM_F_REQUEST_DUMP);
        request[MessageHeader] = Interop.AF_UNIX;
        BinaryPrimitives.WriteUInt32LittleEndian(request.AsSpan(MessageHeader + 4), uint.MaxValue);
        BinaryPrimitives.WriteUInt32LittleEndian(request.AsSpan(MessageHeader + 12), UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN);
        return request;
    }

    /// <summary>Reads one datagram of the answer.</summary>
    /// <param name="datagram">The datagram.</param>
    /// <param name="sockets">Sockets are added here by inode.</param>
    /// <returns>Whether it was the last one.</returns>
    /// <exception cref="LazyRestoreException">The kernel refused the request.</exception>
    public static bool Parse(ReadOnlySpan<byte> datagram, Dictionary<ulong, UnixSocketState> sockets)
    {
        while (datagram.Length >= MessageHeader)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(datagram);
            switch (BinaryPrimitives.ReadUInt16LittleEndian(datagram[4..]))
            {
                case NLMSG_DONE:
                    return true;
                case NLMSG_ERROR:
                    int error = -BinaryPrimitives.ReadInt32LittleEndian(datagram[MessageHeader..]);
                    throw new LazyRestoreException(
                        FailureReason.Unsupported,
                        $"the kernel does not tell about UNIX sockets (sock_diag: errno {error})",
                        "Load the module unix_diag.");
                case SOCK_DIAG_BY_FAMILY:
                    UnixSocketState socket = ParseSocket(datagram[MessageHeader..length]);
                    sockets[socket.Inode] = socket;
                    break;
            }

            datagram = datagram[Math.Min(Aligned(length), datagram.Length)..];
        }

        return false;
    }

    private static UnixSocketState ParseSocket(ReadOnlySpan<byte> message)
    {
        int state = message[2];
        uint inode = BinaryPrimitives.ReadUInt32LittleEndian(message[4..]);
        UnixSocketState socket = new(inode, state, 0, 0, 0, 0);
        ReadOnlySpan<byte> attributes = message[SocketHeader..];
        while (attributes.Length >= 4)
        {
            ushort length = BinaryPrimitives.ReadUInt16LittleEndian(attributes);
            ReadOnlySpan<byte> value = attributes[4..length];
            socket = BinaryPrimitives.ReadUInt16LittleEndian(attributes[2..]) switch
            {
                UNIX_DIAG_PEER => socket with { PeerInode = BinaryPrimitives.ReadUInt32LittleEndian(value) },
                UNIX_DIAG_RQLEN => socket with
                {
                    Waiting = BinaryPrimitives.ReadInt32LittleEndian(value),
                    Backlog = BinaryPrimitives.ReadInt32LittleEndian(value[4..]),
                },
                UNIX_DIAG_SHUTDOWN => socket with { ShutDown = value[0] },
                _ => socket,
            };
            attributes = attributes[Math.Min(Aligned(length), attributes.Length)..];
        }

        return socket;
    }

    private static int Aligned(int length) => (length + 3) & ~3;
}

/// <summary>A UNIX socket.</summary>
/// <param name="Inode">Its inode.</param>
/// <param name="State">TCP_ESTABLISHED (1), TCP_CLOSE (7) or TCP_LISTEN (10).</param>
/// <param name="PeerInode">The inode of what it is connected to; 0 for none.</param>
/// <param name="Waiting">Of a listening socket, how many connections wait to be accepted; otherwise bytes to be received.</param>
/// <param name="Backlog">Of a listening socket, how many may wait.</param>
/// <param name="ShutDown">RCV_SHUTDOWN (1) and SEND_SHUTDOWN (2).</param>
public readonly record struct UnixSocketState(ulong Inode, int State, ulong PeerInode, int Waiting, int Backlog, int ShutDown);
