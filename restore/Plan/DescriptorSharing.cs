using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Restore.Plan;

/// <summary>Decides which process of a tree creates which open file description: the first one that has it, or what it is made together with.</summary>
internal sealed class DescriptorSharing
{
    private readonly IReadOnlyList<Checkpoint> _processes;
    private readonly Dictionary<int, OpenFileRecord> _files;
    private readonly Dictionary<int, int> _creators = [];

    /// <summary>Decides it for the processes of a checkpoint.</summary>
    internal DescriptorSharing(Checkpoint checkpoint)
    {
        _processes = checkpoint.Processes;
        _files = checkpoint.Files.ToDictionary(file => file.Id);
        Dictionary<(string, object), int> families = [];
        for (int process = 0; process < _processes.Count; process++)
        {
            foreach (DescriptorRecord descriptor in _processes[process].Descriptors)
            {
                families.TryAdd(FamilyOf(_files[descriptor.FileId]), process);
            }
        }

        foreach (OpenFileRecord file in checkpoint.Files)
        {
            _creators.Add(file.Id, families.GetValueOrDefault(FamilyOf(file)));
        }
    }

    /// <summary>Whether a process, by its place in the image, creates a description.</summary>
    internal bool IsCreatedBy(int process, OpenFileRecord file) => _creators[file.Id] == process;

    /// <summary>The descriptions that a process takes from others, each with the process that has created it.</summary>
    internal IEnumerable<(int FileId, int Creator)> TakenBy(int process) =>
        _processes[process].Descriptors.Select(descriptor => descriptor.FileId)
            .Concat(_files.Values.OfType<EpollRecord>().Where(epoll => IsCreatedBy(process, epoll))
                .SelectMany(epoll => epoll.Interests).Select(interest => interest.FileId))
            .Distinct().Select(file => (file, _creators[file])).Where(file => file.Item2 != process);

    // What is made by one call: the ends of a pipe, a pair of sockets.
    private (string Kind, object Key) FamilyOf(OpenFileRecord file) => file switch
    {
        PipeRecord pipe => ("pipe", pipe.PipeId),
        NamedPipeRecord pipe => ("named pipe", pipe.Path),
        UnixSocketRecord { PeerInode: not 0 } socket => ("pair", Math.Min(socket.Inode, socket.PeerInode)),
        UnixSocketRecord socket => ("pair", socket.Inode),
        _ => ("file", file.Id),
    };
}
