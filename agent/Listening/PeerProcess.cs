using System.Net.Sockets;
using System.Runtime.InteropServices;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Listening;

/// <summary>The process at the other end of a UNIX socket, as the kernel knows it (unix(7)).</summary>
/// <param name="Pid">Its process ID; it may have ended since.</param>
/// <param name="UserId">The user that it ran as.</param>
internal readonly record struct PeerProcess(int Pid, uint UserId)
{
    /// <summary>Who connected, or who listens.</summary>
    internal static PeerProcess Of(Socket socket)
    {
        Span<byte> bytes = stackalloc byte[Marshal.SizeOf<Interop.ucred>()];
        _ = socket.GetRawSocketOption(SOL_SOCKET, Interop.SO_PEERCRED, bytes);
        Interop.ucred peer = MemoryMarshal.Read<Interop.ucred>(bytes);
        return new PeerProcess(peer.pid, peer.uid);
    }

    /// <summary>Whether the process that called listen(2) lives. Its sockets may outlive it: see <see cref="State.DescriptorKeeper"/>.</summary>
    internal static unsafe bool IsAlive(Socket socket)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        try
        {
            _ = socket.GetRawSocketOption(SOL_SOCKET, Interop.SO_PEERPIDFD, bytes);
        }
        catch (SocketException)
        {
            return false;
        }

        pollfd process = new() { fd = MemoryMarshal.Read<int>(bytes), events = POLLIN };
        bool hasEnded = poll(&process, 1, 0) > 0;
        _ = close(process.fd);
        return !hasEnded;
    }
}
