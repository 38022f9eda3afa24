using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Microsoft.Win32.SafeHandles;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Listening;

/// <summary>UNIX sockets that listen under a path, for their owner alone.</summary>
public static class ListeningSocket
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>Listens at a path. A socket that nobody alive listens at is replaced; one that lives is left alone.</summary>
    /// <param name="path">The path.</param>
    /// <param name="backlog">How many may wait to be accepted.</param>
    /// <exception cref="LazyRestoreException">It cannot be: somebody else listens there, or nothing can be created there.</exception>
    public static Socket At(string path, int backlog)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // Nobody can connect before it listens, so nobody comes in before the mode is right.
            UnixDomainSocketEndPoint address = new(path);
            using SafeFileHandle folder = LockFolder(path);
            RemoveStale(path, address);
            socket.Bind(address);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            socket.Listen(backlog);
            return socket;
        }
        catch (Exception problem) when (problem is SocketException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            socket.Dispose();
            throw new LazyRestoreException(
                FailureReason.Failed, $"cannot listen at unix:{path}: {problem.Message}", "Choose another path, or end who listens there.", problem);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void RemoveStale(string path, UnixDomainSocketEndPoint address)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        bool isAlive;
        try
        {
            probe.Connect(address);
            isAlive = PeerProcess.IsAlive(probe);
        }
        catch (SocketException problem)
        {
            isAlive = problem.SocketErrorCode != SocketError.ConnectionRefused;
        }

        if (!isAlive)
        {
            File.Delete(path);
        }
    }

    // Between finding that a socket is stale and replacing it nobody else may do the same.
    private static unsafe SafeFileHandle LockFolder(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        fixed (byte* name = Encoding.UTF8.GetBytes(folder + "\0"))
        {
            int descriptor = open(name, O_RDONLY | O_CLOEXEC);
            if (descriptor < 0)
            {
                throw new NativeException("open", errno, folder);
            }

            SafeFileHandle handle = new(descriptor, ownsHandle: true);
            long start = Stopwatch.GetTimestamp();
            while (Interop.flock(descriptor, Interop.LOCK_EX | Interop.LOCK_NB) < 0)
            {
                if (Stopwatch.GetElapsedTime(start) > s_patience)
                {
                    handle.Dispose();
                    throw new LazyRestoreException(
                        FailureReason.Failed, $"cannot listen at unix:{path}: another program has locked the folder", "Choose another folder.");
                }

                Thread.Sleep(1);
            }

            return handle;
        }
    }
}
