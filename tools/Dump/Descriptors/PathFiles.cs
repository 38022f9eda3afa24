using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Memory;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Regular files, directories and character devices.</summary>
public sealed class PathFiles(MemoryObjectTable objects, Refusals refusals)
{
    private const uint MemoryDevices = 1;

    // null, zero, full, random, urandom: they hold no state.
    private static readonly uint[] StatelessDevices = [3, 5, 7, 8, 9];

    /// <summary>The record of a regular file or directory; null when it is refused.</summary>
    public OpenFileRecord? File(OpenDescription description)
    {
        OpenDescriptor first = description.First;
        if (Queue(description) is { } queue)
        {
            return queue;
        }

        if (first.Status.Links == 0 && first.Status.Type == Interop.S_IFREG)
        {
            return Object(description);
        }

        return AtPath(description, first.Status.Links == 0 ? UnsupportedKind.DeletedDirectory : UnsupportedKind.MovedFile, device: 0);
    }

    /// <summary>The record of a place that is not opened itself, O_PATH of open(2); null when it is refused.</summary>
    public PathFileRecord? Place(OpenDescription description) => AtPath(
        description, description.First.Status.Links == 0 ? UnsupportedKind.DeletedDirectory : UnsupportedKind.MovedFile,
        description.First.Status.SpecialDevice);

    /// <summary>The record of a character device that is no terminal; null when it is refused.</summary>
    public OpenFileRecord? Device(OpenDescription description)
    {
        ulong device = description.First.Status.SpecialDevice;
        if (Major(device) == MemoryDevices && StatelessDevices.Contains(Minor(device)))
        {
            return AtPath(description, UnsupportedKind.MovedFile, device);
        }

        refusals.Add(description.Subject, UnsupportedKind.CharacterDevice, description.Link);
        return null;
    }

    private ObjectFileRecord? Object(OpenDescription description)
    {
        OpenDescriptor first = description.First;
        int id = objects.IdOf(description.Subject, first.Link, first.Status, first.Process.PathOf($"fd/{first.Number}"));
        return id == 0 ? null : new ObjectFileRecord
        {
            Id = description.Id,
            StatusFlags = first.StatusFlags,
            ObjectId = id,
            Offset = first.Info.Offset,
        };
    }

    private PathFileRecord? AtPath(OpenDescription description, UnsupportedKind whenGone, ulong device)
    {
        OpenDescriptor first = description.First;
        bool isOwn = ProcPaths.IsOwn(first.Link, first.Process.Pid);
        string? path = isOwn ? ProcPaths.Own(first.Link, first.Process.Pid) : first.Link;
        if (path is null || (!isOwn && ProcPaths.IsOfAProcess(first.Link)))
        {
            refusals.Add(description.Subject, UnsupportedKind.ProcEntry, first.Link);
            return null;
        }

        if (FindAt(first) is not { } there || !there.IsSameFile(first.Status))
        {
            refusals.Add(description.Subject, whenGone, first.Link);
            return null;
        }

        return new PathFileRecord
        {
            Id = description.Id,
            StatusFlags = first.StatusFlags,
            Path = path,
            Offset = first.Info.Offset,
            Identity = first.Status.Identity,
            Device = device,
        };
    }

    // A link that is open itself is not followed.
    private static FileStatus? FindAt(OpenDescriptor descriptor) => descriptor.Status.Type == Interop.S_IFLNK
        ? FileStatus.FindLink(descriptor.Link)
        : FileStatus.Find(descriptor.Link);

    // It has a path in a file system of its own, which may be mounted nowhere.
    private static MessageQueueRecord? Queue(OpenDescription description)
    {
        OpenDescriptor first = description.First;
        return first.Status is { Type: Interop.S_IFREG, Links: > 0 }
            && first.Info.Offset == 0
            && FileStatus.Find(first.Link) is not { }
            && FileSystem.Of(first.Here) == FileSystem.MessageQueues
            ? new MessageQueueRecord { Id = description.Id, StatusFlags = first.StatusFlags, Name = first.Link }
            : null;
    }

    private static uint Major(ulong device) => (uint)((device >> 8) & 0xfff);

    private static uint Minor(ulong device) => (uint)((device & 0xff) | ((device >> 12) & 0xfff00));
}
