using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Named pipes, fifo(7), that nobody else has open: what is in them would be lost with the process.</summary>
public sealed class NamedPipes(IReadOnlySet<int> processes, bool lookOnly, Refusals refusals)
{
    private readonly HashSet<(ulong Device, ulong Inode)> _stored = [];
    private readonly Dictionary<(ulong Device, ulong Inode), int?> _others = [];

    /// <summary>The record of an end; null when it is refused.</summary>
    public NamedPipeRecord? Record(OpenDescription description)
    {
        OpenDescriptor first = description.First;
        if (FileStatus.Find(first.Link) is not { } there || !there.IsSameFile(first.Status))
        {
            refusals.Add(description.Subject, UnsupportedKind.MovedFile, first.Link);
            return null;
        }

        if (OtherUser(first.Status) is { } other)
        {
            refusals.Add(description.Subject, UnsupportedKind.NamedPipe, $"{first.Link}, process {other}");
            return null;
        }

        bool isFirst = _stored.Add((first.Status.Device, first.Status.Inode));
        return new NamedPipeRecord
        {
            Id = description.Id,
            StatusFlags = first.StatusFlags,
            Path = first.Link,
            Capacity = Native.Check("fcntl(F_GETPIPE_SZ)", Interop.fcntl(first.Here, Interop.F_GETPIPE_SZ), description.Subject),
            Content = isFirst && !lookOnly ? PipeContent.Peek(first.Status, first.Here, description.Subject) : ReadOnlyMemory<byte>.Empty,
            HungUp = PipeContent.IsHungUp(first.Here),
        };
    }

    private int? OtherUser(FileStatus pipe)
    {
        if (!_others.TryGetValue((pipe.Device, pipe.Inode), out int? other))
        {
            other = OpenElsewhere.Find(pipe, processes);
            _others.Add((pipe.Device, pipe.Inode), other);
        }

        return other;
    }
}
