using System.Runtime.InteropServices;
using LazyRestore.Agent;
using LazyRestore.Tools.Dump.Proc;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Looks at what is in a pipe and leaves it there.</summary>
internal static unsafe class PipeContent
{
    /// <summary>Whether a read end hangs up because all writers are gone, or a write end is in error because all readers are (poll(2)).</summary>
    public static bool IsHungUp(int end)
    {
        Tmds.Linux.pollfd poll = new() { fd = end };
        return Tmds.Linux.LibC.poll(&poll, 1, 0) > 0 && (poll.revents & (Tmds.Linux.LibC.POLLHUP | Tmds.Linux.LibC.POLLERR)) != 0;
    }

    /// <summary>What is in a named pipe, of which one end may be a write end.</summary>
    /// <param name="status">The pipe.</param>
    /// <param name="end">An open end.</param>
    /// <param name="subject">How errors name it.</param>
    public static ReadOnlyMemory<byte> Peek(FileStatus status, int end, string subject)
    {
        int reader = Interop.open($"/proc/self/fd/{end}", Interop.O_NONBLOCK | Interop.O_CLOEXEC);
        if (reader < 0)
        {
            throw new NativeException("open", Marshal.GetLastPInvokeError(), $"{subject}, inode {status.Inode}");
        }

        using SafeFileHandle held = new(reader, ownsHandle: true);
        byte[] content = [.. Read(reader, subject).SelectMany(piece => piece.ToArray())];
        return content;
    }

    /// <summary>What is in a pipe, a piece for each packet of one in packet mode.</summary>
    /// <param name="pipe">A read end.</param>
    /// <param name="subject">How errors name it.</param>
    public static List<ReadOnlyMemory<byte>> Read(int pipe, string subject)
    {
        int length;
        Native.Check("ioctl(FIONREAD)", Interop.ioctl_int(pipe, Interop.FIONREAD, &length), subject);
        if (length == 0)
        {
            return [];
        }

        // tee(2) gives a second pipe the same content and leaves the first one alone. It needs as many slots as the first has.
        int* copy = stackalloc int[2];
        Native.Check("pipe2", Interop.pipe2(copy, Interop.O_CLOEXEC | Interop.O_NONBLOCK), subject);
        using SafeFileHandle readEnd = new(copy[0], ownsHandle: true);
        using SafeFileHandle writeEnd = new(copy[1], ownsHandle: true);
        int capacity = Native.Check("fcntl(F_GETPIPE_SZ)", Interop.fcntl(pipe, Interop.F_GETPIPE_SZ), subject);
        Native.Check("fcntl(F_SETPIPE_SZ)", Interop.fcntl(copy[1], Interop.F_SETPIPE_SZ, capacity), subject);
        Native.Check("tee", Interop.tee(pipe, copy[1], (nuint)length, Interop.SPLICE_F_NONBLOCK), subject);
        return ReadAll(copy[0], length, subject);
    }

    // A read ends with a packet; without packet mode it takes all there is.
    private static List<ReadOnlyMemory<byte>> ReadAll(int pipe, int length, string subject)
    {
        List<ReadOnlyMemory<byte>> pieces = [];
        byte[] buffer = new byte[length];
        fixed (byte* start = buffer)
        {
            for (int done = 0; done < length;)
            {
                int read = Native.Check("read", Interop.read(pipe, start, (nuint)length), subject);
                if (read == 0)
                {
                    throw new LazyRestoreException(FailureReason.Failed, $"{subject}: the pipe held less than it said");
                }

                pieces.Add(buffer.AsMemory(0, read).ToArray());
                done += read;
            }
        }

        return pieces;
    }
}
