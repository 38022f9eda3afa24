using System.Buffers.Binary;
using System.Runtime.InteropServices;
using LazyRestore.Agent;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Restore.Network;

/// <summary>
/// Keeps the segments of some TCP connections from this host: neither does a peer's segment change a socket that is being saved, nor is it
/// answered (with a reset, when the socket is not there). The peer sends it again later, as it would for a network that is slow. The lock is a
/// table of the packet filter that goes with this process, unless <see cref="Keep"/> has made another one that stays.
/// </summary>
public sealed unsafe class ConnectionLock : IDisposable
{
    private const int LargestAnswer = 64 << 10;
    private readonly SafeFileHandle _netlink;
    private readonly IReadOnlyCollection<ConnectionAddress> _connections;

    private ConnectionLock(SafeFileHandle netlink, IReadOnlyCollection<ConnectionAddress> connections)
    {
        _netlink = netlink;
        _connections = connections;
    }

    /// <summary>Locks connections.</summary>
    /// <exception cref="LazyRestoreException">The packet filter does not take it.</exception>
    public static ConnectionLock Take(IReadOnlyCollection<ConnectionAddress> connections)
    {
        SafeFileHandle netlink = Open();
        try
        {
            SendAll(netlink, FilterTable.Make(TableName.OfThisProcess(), owned: true, connections));
            return new ConnectionLock(netlink, connections);
        }
        catch
        {
            netlink.Dispose();
            throw;
        }
    }

    /// <summary>Locks the connections, under another name, until <see cref="Release"/>, also when this process is gone.</summary>
    public void Keep(string name)
    {
        // A table without an owner cannot be made of one that has one, and a socket that owns tables can make others, too.
        using SafeFileHandle netlink = Open();
        SendAll(netlink, FilterTable.Make(name, owned: false, _connections));
    }

    /// <summary>Takes away a lock that was kept.</summary>
    /// <returns>Whether there was one.</returns>
    public static bool Release(string name)
    {
        using SafeFileHandle netlink = Open();
        int error = Send(netlink, FilterTable.Delete(name));
        return error == 0 || (error == Interop.ENOENT ? false : throw Failed(error));
    }

    /// <summary>Unlocks the connections, as far as no lock was kept.</summary>
    public void Dispose() => _netlink.Dispose();

    private static SafeFileHandle Open()
    {
        int socket = Interop.socket(Interop.AF_NETLINK, Interop.SOCK_RAW | Interop.SOCK_CLOEXEC, Interop.NETLINK_NETFILTER);
        return socket < 0 ? throw Failed(Marshal.GetLastPInvokeError()) : new SafeFileHandle(socket, ownsHandle: true);
    }

    private static void SendAll(SafeFileHandle netlink, IEnumerable<byte[]> batches)
    {
        foreach (byte[] batch in batches)
        {
            int error = Send(netlink, batch);
            if (error != 0)
            {
                throw Failed(error);
            }
        }
    }

    // The kernel carries a batch out before send(2) returns, and has its answers ready then. The first error counts.
    private static int Send(SafeFileHandle netlink, byte[] batch)
    {
        int socket = (int)netlink.DangerousGetHandle();
        fixed (byte* start = batch)
        {
            if (Interop.send(socket, start, (nuint)batch.Length, 0) < 0)
            {
                return Marshal.GetLastPInvokeError();
            }
        }

        byte[] answer = new byte[LargestAnswer];
        fixed (byte* start = answer)
        {
            while (true)
            {
                nint length = Interop.recv(socket, start, LargestAnswer, Interop.MSG_DONTWAIT);
                if (length < 0)
                {
                    int errno = Marshal.GetLastPInvokeError();
                    return errno == Interop.EAGAIN ? 0 : errno;
                }

                int error = ErrorOf(answer.AsSpan(0, (int)length));
                if (error != 0)
                {
                    return error;
                }
            }
        }
    }

    // struct nlmsgerr behind each header.
    private static int ErrorOf(ReadOnlySpan<byte> answers)
    {
        const int Header = 16;
        const ushort NlmsgError = 2;
        while (answers.Length >= Header + sizeof(int))
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(answers);
            int error = BinaryPrimitives.ReadInt32LittleEndian(answers[Header..]);
            if (BinaryPrimitives.ReadUInt16LittleEndian(answers[4..]) == NlmsgError && error != 0)
            {
                return -error;
            }

            answers = answers[Math.Min((length + 3) & ~3, answers.Length)..];
        }

        return 0;
    }

    private static LazyRestoreException Failed(int errno) => new(
        FailureReason.Unsupported,
        $"the segments of TCP connections cannot be held back: the packet filter (nf_tables) says {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})",
        "Load the module nf_tables, and run as root (CAP_NET_ADMIN); or save the process with --tcp-close.");
}
