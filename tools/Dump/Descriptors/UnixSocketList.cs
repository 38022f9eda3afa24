using LazyRestore.Tools.Dump.Proc;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Asks the kernel for all UNIX sockets of the network namespace, sock_diag(7).</summary>
internal static unsafe class UnixSocketList
{
    private const int BufferSize = 64 << 10;

    /// <summary>The sockets by inode.</summary>
    public static Dictionary<ulong, UnixSocketState> Read()
    {
        int number = Native.Check(
            "socket",
            Interop.socket(Interop.AF_NETLINK, Interop.SOCK_RAW | Interop.SOCK_CLOEXEC, Interop.NETLINK_SOCK_DIAG),
            "NETLINK_SOCK_DIAG");
        using SafeFileHandle netlink = new(number, ownsHandle: true);
        byte[] request = UnixDiagnostics.Request();
        fixed (byte* start = request)
        {
            Native.Check("sendto", Interop.sendto(number, start, (nuint)request.Length, 0, null, 0), "NETLINK_SOCK_DIAG");
        }

        Dictionary<ulong, UnixSocketState> sockets = [];
        byte[] answer = new byte[BufferSize];
        bool last = false;
        while (!last)
        {
            fixed (byte* start = answer)
            {
                int length = Native.Check("recv", Interop.recv(number, start, (nuint)answer.Length, 0), "NETLINK_SOCK_DIAG");
                last = UnixDiagnostics.Parse(answer.AsSpan(0, length), sockets);
            }
        }

        return sockets;
    }
}
