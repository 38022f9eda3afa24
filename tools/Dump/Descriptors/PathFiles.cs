using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Memory;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Regular files, directories and character devices.</summary>
public sealed class PathFiles(
    MemoryObjectTable objects, StandardStreams streams, IReadOnlyList<OpenDescription> all, Refusals refusals)
{
    private const uint MemoryDevices = 1;
    private const uint TerminalDevices = 5;
    private const uint CurrentTerminal = 0;
    private const uint TerminalMultiplexer = 2;

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

    /// <summary>The record of a character device; null when it is refused.</summary>
    public OpenFileRecord? Device(OpenDescription description)
    {
        ulong device = description.First.Status.SpecialDevice;
        if (IsTerminal(device))
        {
            int? stream = description.StandardStream ?? StreamOfTerminal(device);
            return streams.Replace(
                description, UnsupportedKind.Terminal, UnsupportedKind.OtherTerminal, description.Link, stream);
        }

        if (Major(device) == MemoryDevices && StatelessDevices.Contains(Minor(device)))
        {
            return AtPath(description, UnsupportedKind.MovedFile, device);
        }

        bool master = Major(device) is >= 128 and <= 135 || (Major(device) == TerminalDevices && Minor(device) == TerminalMultiplexer);
        refusals.Add(
            description.Subject, master ? UnsupportedKind.PseudoTerminalMaster : UnsupportedKind.CharacterDevice, description.Link);
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

    // A shell opens its terminal a second time; /dev/tty is whatever terminal the standard streams are on.
    private int? StreamOfTerminal(ulong device)
    {
        bool current = Major(device) == TerminalDevices && Minor(device) == CurrentTerminal;
        return all.FirstOrDefault(other =>
            other.StandardStream is not null
            && other.First.Status.Type == Interop.S_IFCHR
            && IsTerminal(other.First.Status.SpecialDevice)
            && (current || other.First.Status.SpecialDevice == device))?.StandardStream;
    }

    // Consoles and serial lines, the controlling terminal, and slaves of pseudo terminals: Documentation/admin-guide/devices.txt.
    private static bool IsTerminal(ulong device) =>
        Major(device) is 4 or (>= 136 and <= 143) || (Major(device) == TerminalDevices && Minor(device) != TerminalMultiplexer);

    private static uint Major(ulong device) => (uint)((device >> 8) & 0xfff);

    private static uint Minor(ulong device) => (uint)((device & 0xff) | ((device >> 12) & 0xfff00));
}
