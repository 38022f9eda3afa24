using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>
/// Repair mode of a TCP socket (TCP_REPAIR in linux/tcp.h), in which it tells its sequence numbers and queues, and closes without a
/// word. It is for root (CAP_NET_ADMIN).
/// </summary>
internal sealed unsafe class TcpRepair : IDisposable
{
    private const int TCP_REPAIR = 19;
    private const int TCP_REPAIR_QUEUE = 20;
    private const int TCP_QUEUE_SEQ = 21;
    private const int TCP_NO_QUEUE = 0;
    private const int TCP_REPAIR_OFF_NO_WP = -1;
    private const int SO_REUSEADDR = 2;
    private readonly OpenDescriptor _socket;
    private readonly int _reuse;

    private TcpRepair(OpenDescriptor socket)
    {
        _socket = socket;
        _reuse = SocketQuery.Number(socket, Interop.SOL_SOCKET, SO_REUSEADDR);
        Begin(socket.Duplicate);
    }

    /// <summary>TCP_RECV_QUEUE: what was received and not read.</summary>
    public const int ReceiveQueue = 1;

    /// <summary>TCP_SEND_QUEUE: what was written and not acknowledged.</summary>
    public const int SendQueue = 2;

    /// <summary>Puts a socket into repair mode until this is disposed.</summary>
    public static TcpRepair Of(OpenDescriptor socket) => new(socket);

    /// <summary>Puts a socket into repair mode for good.</summary>
    public static void Begin(SafeFileHandle socket) => Set(socket, Interop.IPPROTO_TCP, TCP_REPAIR, 1);

    /// <summary>The sequence number behind a queue, the end of the connection counting as one.</summary>
    public uint Sequence(int queue)
    {
        Set(_socket.Duplicate, Interop.IPPROTO_TCP, TCP_REPAIR_QUEUE, queue);
        return (uint)SocketQuery.Number(_socket, Interop.IPPROTO_TCP, TCP_QUEUE_SEQ);
    }

    /// <summary>What is in a queue; null when it is more than an image can hold.</summary>
    public byte[]? Read(int queue, int most)
    {
        Set(_socket.Duplicate, Interop.IPPROTO_TCP, TCP_REPAIR_QUEUE, queue);
        for (int size = 64 << 10; ; size *= 4)
        {
            byte[] content = new byte[Math.Min(size, most + 1)];
            int length = Peek(content);
            if (length < content.Length)
            {
                return content[..length];
            }

            if (length > most)
            {
                return null;
            }
        }
    }

    /// <summary>The socket goes on as if nothing had been; it sends nothing by that.</summary>
    public void Dispose()
    {
        Set(_socket.Duplicate, Interop.IPPROTO_TCP, TCP_REPAIR_QUEUE, TCP_NO_QUEUE);
        Set(_socket.Duplicate, Interop.IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP);

        // Repair mode has a value of its own for this option, and leaves it off.
        Set(_socket.Duplicate, Interop.SOL_SOCKET, SO_REUSEADDR, _reuse);
    }

    private int Peek(byte[] content)
    {
        fixed (byte* start = content)
        {
            nint length = Interop.recv(_socket.Here, start, (nuint)content.Length, Interop.MSG_PEEK | Interop.MSG_DONTWAIT);
            return length >= 0 || Marshal.GetLastPInvokeError() != Interop.EAGAIN
                ? Native.Check("recv(MSG_PEEK)", length, $"descriptor {_socket.Number}")
                : 0;
        }
    }

    private static void Set(SafeFileHandle socket, int level, int name, int value) => Native.Check(
        $"setsockopt({level}, {name})",
        Interop.setsockopt((int)socket.DangerousGetHandle(), level, name, &value, sizeof(int)),
        "of a TCP connection");
}
