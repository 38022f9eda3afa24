using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Support;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Pipes, pipe(7): both ends inside the process, with what is in them.</summary>
public sealed unsafe class Pipes(StandardStreams streams, IReadOnlyList<OpenDescription> all, Refusals refusals)
{
    private readonly HashSet<ulong> _stored = [];

    /// <summary>The record of an end; null when it is refused.</summary>
    public OpenFileRecord? Record(OpenDescription description)
    {
        OpenDescriptor first = description.First;
        if (!first.Link.StartsWith("pipe:["))
        {
            refusals.Add(description.Subject, UnsupportedKind.NamedPipe, first.Link);
            return null;
        }

        int flags = first.StatusFlags;
        List<int> access = [.. EndsOf(first.Status.Inode)];
        if (access.Exists(mode => mode > Interop.O_WRONLY))
        {
            refusals.Add(description.Subject, UnsupportedKind.TwoWayPipe, first.Link);
            return null;
        }

        if (access.Distinct().Count() < 2 && !IsOtherEndClosed(first.Here))
        {
            return streams.Replace(
                description, UnsupportedKind.OutsideStream, UnsupportedKind.OutsidePipe, first.Link, description.StandardStream);
        }

        bool writeEnd = (flags & Interop.O_ACCMODE) == Interop.O_WRONLY;
        return new PipeRecord
        {
            Id = description.Id,
            StatusFlags = flags,
            PipeId = first.Status.Inode,
            WriteEnd = writeEnd,
            Capacity = Native.Check("fcntl(F_GETPIPE_SZ)", Interop.fcntl(first.Here, Interop.F_GETPIPE_SZ), description.Subject),
            Content = writeEnd || !_stored.Add(first.Status.Inode) ? [] : Content(description),
        };
    }

    // A read end without any writer hangs up, a write end without any reader is in error (poll(2)).
    private static bool IsOtherEndClosed(int descriptor)
    {
        Tmds.Linux.pollfd poll = new() { fd = descriptor };
        return Tmds.Linux.LibC.poll(&poll, 1, 0) > 0 && (poll.revents & (Tmds.Linux.LibC.POLLHUP | Tmds.Linux.LibC.POLLERR)) != 0;
    }

    private IEnumerable<int> EndsOf(ulong inode) => all
        .Where(other => other.First.Status.Type == Interop.S_IFIFO && other.First.Status.Inode == inode)
        .Select(other => other.First.StatusFlags & Interop.O_ACCMODE);

    private List<ReadOnlyMemory<byte>> Content(OpenDescription description)
    {
        int pipe = description.First.Here;
        int length;
        Native.Check("ioctl(FIONREAD)", Interop.ioctl_int(pipe, Interop.FIONREAD, &length), description.Subject);
        if (length == 0)
        {
            return [];
        }

        // tee(2) gives a second pipe the same content and leaves the first one alone. It needs as many slots as the first has.
        int* copy = stackalloc int[2];
        Native.Check("pipe2", Interop.pipe2(copy, Interop.O_CLOEXEC | Interop.O_NONBLOCK), description.Subject);
        using SafeFileHandle readEnd = new(copy[0], ownsHandle: true);
        using SafeFileHandle writeEnd = new(copy[1], ownsHandle: true);
        int capacity = Native.Check("fcntl(F_GETPIPE_SZ)", Interop.fcntl(pipe, Interop.F_GETPIPE_SZ), description.Subject);
        Native.Check("fcntl(F_SETPIPE_SZ)", Interop.fcntl(copy[1], Interop.F_SETPIPE_SZ, capacity), description.Subject);
        Native.Check("tee", Interop.tee(pipe, copy[1], (nuint)length, Interop.SPLICE_F_NONBLOCK), description.Subject);
        return ReadAll(copy[0], length, description.Subject);
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
