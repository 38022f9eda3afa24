using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Pipes, pipe(7): both ends inside the process, with what is in them.</summary>
public sealed class Pipes(StandardStreams streams, IReadOnlyList<OpenDescription> all, bool lookOnly, Refusals refusals)
{
    private readonly HashSet<ulong> _stored = [];

    /// <summary>The record of an end; null when it is refused.</summary>
    public OpenFileRecord? Record(OpenDescription description)
    {
        OpenDescriptor first = description.First;
        int flags = first.StatusFlags;
        List<int> access = [.. EndsOf(first.Status.Inode)];
        if (access.Exists(mode => mode > Interop.O_WRONLY))
        {
            refusals.Add(description.Subject, UnsupportedKind.TwoWayPipe, first.Link);
            return null;
        }

        if (access.Distinct().Count() < 2 && !PipeContent.IsHungUp(first.Here))
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
            Content = lookOnly || writeEnd || !_stored.Add(first.Status.Inode) ? [] : PipeContent.Read(first.Here, description.Subject),
        };
    }

    private IEnumerable<int> EndsOf(ulong inode) => all
        .Where(other => other.First.Status.Type == Interop.S_IFIFO && other.First.Status.Inode == inode)
        .Select(other => other.First.StatusFlags & Interop.O_ACCMODE);
}
