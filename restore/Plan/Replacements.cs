using System.Text;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Restore.Plan;

/// <summary>What the process is to find in place of what it had: changes the records before anything is checked or planned.</summary>
public sealed record Replacements
{
    private const int IpProtocolTcp = 6;

    /// <summary>TCP connections are not made again; the process finds them aborted (ECONNABORTED).</summary>
    public bool CloseConnections { get; init; }

    /// <summary>Descriptors that become other files, by their numbers; others that share their open file description do, too.</summary>
    public IReadOnlyDictionary<int, string> Descriptors { get; init; } = new Dictionary<int, string>();

    /// <summary>Paths that have become others: those of files, and of directories with all that is below them. The first that fits counts.</summary>
    public IReadOnlyList<(string Old, string New)> Paths { get; init; } = [];

    /// <summary>The records as they are to be restored.</summary>
    /// <exception cref="LazyRestoreException">A descriptor is to be replaced that the process does not have.</exception>
    public Checkpoint Apply(Checkpoint checkpoint)
    {
        Dictionary<int, string> files = FilesOf(checkpoint);
        Checkpoint first = checkpoint with
        {
            MappedFiles = [.. checkpoint.MappedFiles.Select(file => file with { Path = Map(file.Path) })],
            Objects = [.. checkpoint.Objects.Select(stored => stored.Kind is MemoryObjectKind.DeletedFile or MemoryObjectKind.NamelessFile ? stored with { Name = Map(stored.Name) } : stored)],
            Files = [.. checkpoint.Files.Select(file => files.TryGetValue(file.Id, out string? path) ? Opened(file, path) : Replace(file))],
        };
        return Own(first, checkpoint) with { Descendants = [.. checkpoint.Descendants.Select(process => Own(first, process))] };

        // What belongs to the image is the same for all its processes.
        Checkpoint Own(Checkpoint image, Checkpoint process) => image with
        {
            Process = process.Process with
            {
                Executable = Map(process.Process.Executable),
                WorkingDirectory = Map(process.Process.WorkingDirectory),
                RootDirectory = Map(process.Process.RootDirectory),
            },
            Layout = process.Layout,
            Threads = process.Threads,
            Vmas = process.Vmas,
            Descriptors = process.Descriptors,
            Locks = [.. process.Locks.Where(held => !files.ContainsKey(held.FileId))],
            Owners = process.Owners,
            Descendants = [],
            Zombies = process.Zombies,
        };
    }

    private Dictionary<int, string> FilesOf(Checkpoint checkpoint)
    {
        Dictionary<int, string> files = [];
        foreach ((int number, string path) in Descriptors)
        {
            DescriptorRecord descriptor = checkpoint.Descriptors.FirstOrDefault(descriptor => descriptor.Number == number)
                ?? throw new LazyRestoreException(
                    FailureReason.Usage,
                    $"process {checkpoint.Process.Pid} has no descriptor {number} that {path} could replace",
                    "lazyrestore inspect IMAGE files lists those it has.");
            files[descriptor.FileId] = path;
        }

        return files;
    }

    // It is opened as the process had the other one open; what it is is the user's affair.
    private static PathFileRecord Opened(OpenFileRecord file, string path) => new()
    {
        Id = file.Id,
        StatusFlags = file.StatusFlags,
        Path = Path.GetFullPath(path),
        Offset = 0,
        Identity = new FileIdentity { Size = 0, ModifiedNanoseconds = 0, Mode = 0, BuildId = default },
        Device = 0,
    };

    private OpenFileRecord Replace(OpenFileRecord file) => file switch
    {
        PathFileRecord open => open with { Path = Map(open.Path) },
        NamedPipeRecord pipe => pipe with { Path = Map(pipe.Path) },
        InotifyRecord inotify => inotify with { Watches = [.. inotify.Watches.Select(watch => watch with { Path = Map(watch.Path) })] },
        UnixSocketRecord { Address.Span: [(byte)'/', ..] } socket => socket with { Address = Encoding.UTF8.GetBytes(Map(Encoding.UTF8.GetString(socket.Address.Span))) },
        TcpConnectionRecord connection when CloseConnections => Aborted(connection),
        _ => file,
    };

    private static InetSocketRecord Aborted(TcpConnectionRecord connection) => new()
    {
        Id = connection.Id,
        StatusFlags = connection.StatusFlags,
        Inode = connection.Inode,
        Type = connection.Type,
        Options = connection.Options,
        Listening = false,
        Backlog = 0,
        Family = connection.Family,
        Protocol = IpProtocolTcp,
        LocalAddress = default,
        PeerAddress = default,
        Aborted = true,
    };

    private string Map(string path)
    {
        foreach ((string old, string replacement) in Paths)
        {
            if (path == old)
            {
                return replacement;
            }

            if (path.StartsWith(old, StringComparison.Ordinal) && (old.EndsWith('/') || path[old.Length] == '/'))
            {
                return Path.Join(replacement, path[old.Length..]);
            }
        }

        return path;
    }
}
