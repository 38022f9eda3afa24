using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Plan;

/// <summary>
/// Plans the descriptors of a process. Every open file description is created once, by one of the processes that have it, and moved above all
/// numbers that the process uses; then each takes from the others what they have in common; then each descriptor is a duplicate of its
/// description. Below, the standard streams are kept occupied, so that the next new descriptors are always 3 and 4: calls that return two of
/// them need no answer in between.
/// </summary>
internal sealed partial class DescriptorPlan
{
    private const int FirstFree = 3;
    private const int SecondFree = 4;
    private const int AtFdCwd = -100;
    private const int CloseOnExec = 0x80000;
    private const int DuplicateCloseOnExec = 1030; // F_DUPFD_CLOEXEC
    private const int SetStatusFlags = 4; // F_SETFL
    private const int LimitOpenFiles = 7; // RLIMIT_NOFILE
    private const int EpollAdd = 1;
    private readonly Checkpoint _checkpoint;
    private readonly IReadOnlyDictionary<int, string> _objectPaths;
    private readonly IReadOnlyDictionary<int, int> _held;
    private readonly Func<int, int> _pidOf;
    private readonly int _base;

    /// <summary>The descriptors that hold the descriptions, by their IDs: results of the current program, or numbers when it has run.</summary>
    private readonly Dictionary<int, Argument> _files = [];
    private readonly Dictionary<int, CallResultRef> _made = [];

    /// <summary>Plans the descriptors of a process.</summary>
    /// <param name="checkpoint">Its records.</param>
    /// <param name="objectPaths">Paths through which the process can open the memory objects that are files.</param>
    /// <param name="held">Descriptors of the restorer that processes take over, by the IDs of their files.</param>
    /// <param name="pidOf">The process ID here of a process of the image.</param>
    internal DescriptorPlan(
        Checkpoint checkpoint, IReadOnlyDictionary<int, string> objectPaths, IReadOnlyDictionary<int, int> held, Func<int, int> pidOf)
    {
        _held = held;
        _checkpoint = checkpoint;
        _objectPaths = objectPaths;
        _pidOf = pidOf;
        IEnumerable<int> numbers = checkpoint.Descriptors.Select(descriptor => descriptor.Number);
        IEnumerable<int> watched = checkpoint.Files.OfType<EpollRecord>().SelectMany(epoll => epoll.Interests).Select(interest => interest.Descriptor);
        _base = Math.Max(SecondFree, numbers.Concat(watched).DefaultIfEmpty().Max()) + 1;
    }

    private SystemCallProgram Program { get; set; } = new();

    /// <summary>Plans how the descriptions are created.</summary>
    /// <param name="files">Those that this process creates.</param>
    /// <param name="openFileLimit">The restorer's hard limit of open files.</param>
    internal SystemCallProgram Create(IEnumerable<OpenFileRecord> files, ulong openFileLimit)
    {
        int needed = _base + _checkpoint.Files.Count + 4;
        if ((ulong)needed > openFileLimit)
        {
            throw new LazyRestoreException(
                FailureReason.Unsupported,
                $"the process needs {needed} descriptors to be restored, and at most {openFileLimit} may be open here",
                "Raise the hard limit of open files (ulimit -Hn).");
        }

        Program.About("limit of open files").Call(
            SystemCall.prlimit64, 0, LimitOpenFiles, Program.Words(openFileLimit, openFileLimit), 0);
        EnterSurroundings();
        CallResultRef?[] streams = TakeStandardStreams();
        foreach (OpenFileRecord file in files)
        {
            Create(file, streams);
        }

        return Program;
    }

    /// <summary>Plans how descriptions are taken from the processes that have created them, pidfd_getfd(2).</summary>
    /// <param name="owners">The process here, and its number of the descriptor, by the description's ID.</param>
    internal SystemCallProgram Take(IEnumerable<(int FileId, int Process, int Descriptor)> owners)
    {
        Program = new SystemCallProgram();
        foreach (IGrouping<int, (int FileId, int Process, int Descriptor)> owner in owners.GroupBy(owner => owner.Process))
        {
            Program.About($"descriptors of process {owner.Key}");
            CallResultRef process = Program.Call(SystemCall.pidfd_open, owner.Key, 0);
            foreach ((int file, _, int descriptor) in owner)
            {
                CallResultRef taken = Program.Call(SystemCall.pidfd_getfd, process, descriptor, 0);
                Keep(file, Program.Call(SystemCall.fcntl, taken, DuplicateCloseOnExec, _base));
                Program.Call(SystemCall.close, taken);
            }

            Program.Call(SystemCall.close, process);
        }

        return Program;
    }

    /// <summary>Plans how the descriptors get their numbers, when every other process has taken what it needs.</summary>
    /// <param name="isCreatedHere">Whether this process has created a description.</param>
    internal SystemCallProgram Place(Func<OpenFileRecord, bool> isCreatedHere)
    {
        Program = new SystemCallProgram();
        AddEpollInterests(isCreatedHere);
        AddInotifyWatches(isCreatedHere);
        Place();
        TakeLocks();
        return Program;
    }

    /// <summary>Notes the numbers that the current program gave to descriptions.</summary>
    /// <returns>The numbers, by the IDs of the descriptions.</returns>
    internal IReadOnlyDictionary<int, int> Note(ProgramResult result)
    {
        Dictionary<int, int> numbers = _made.ToDictionary(made => made.Key, made => (int)result[made.Value]);
        _made.Clear();
        foreach ((int file, int number) in numbers)
        {
            _files[file] = number;
        }

        return numbers;
    }

    // UNIX sockets are bound by names that may be relative, and made with the process's umask.
    private void EnterSurroundings()
    {
        ProcessRecord process = _checkpoint.Process;
        Program.About(process.WorkingDirectory).Call(SystemCall.chdir, Program.Text(process.WorkingDirectory));
        Program.About("umask").Call(SystemCall.umask, process.Umask);
    }

    private CallResultRef?[] TakeStandardStreams()
    {
        var streams = new CallResultRef?[3];
        for (int stream = 0; stream < streams.Length; stream++)
        {
            if (_checkpoint.Files.OfType<ExternalStreamRecord>().Any(file => file.Stream == stream))
            {
                Program.About($"standard stream {stream} of the restorer");
                streams[stream] = Program.Call(SystemCall.fcntl, stream, DuplicateCloseOnExec, _base);
            }
        }

        Program.About("/dev/null");
        CallResultRef opened = Program.Call(SystemCall.openat, AtFdCwd, Program.Text("/dev/null"), CloseOnExec);
        CallResultRef nothing = Program.Call(SystemCall.fcntl, opened, DuplicateCloseOnExec, _base);
        for (int stream = 0; stream < streams.Length; stream++)
        {
            Program.Call(SystemCall.dup3, nothing, stream, CloseOnExec);
        }

        Program.Call(SystemCall.close_range, FirstFree, _base - 1, 0);
        return streams;
    }

    private void Create(OpenFileRecord file, CallResultRef?[] streams)
    {
        if (_files.ContainsKey(file.Id))
        {
            return; // The other end of a pair.
        }

        Program.About(Describe(file));
        switch (file)
        {
            case ExternalStreamRecord external:
                Keep(file.Id, streams[external.Stream]!.Value);
                break;
            case PathFileRecord path:
                Open(path);
                break;
            case ObjectFileRecord content:
                OpenObject(content);
                break;
            case PipeRecord pipe:
                CreatePipe(pipe);
                break;
            case EventFdRecord counter:
                CreateEventFd(counter);
                break;
            case EpollRecord:
                Keep(file, Program.Call(SystemCall.epoll_create1, CloseOnExec));
                break;
            case TimerFdRecord timer:
                CreateTimerFd(timer);
                break;
            case SignalFdRecord signals:
                Keep(file, Program.Call(SystemCall.signalfd4, -1, Program.Words(signals.Mask), sizeof(ulong), CloseOnExec));
                SetFlags(FirstFree, file);
                break;
            case InotifyRecord inotify:
                Keep(inotify, Program.Call(SystemCall.inotify_init1, CloseOnExec | NonBlocking));
                break;
            case PidFdRecord process:
                OpenProcess(process);
                break;
            case NamedPipeRecord pipe:
                OpenNamedPipe(pipe);
                break;
            case TerminalMasterRecord:
                TakeHeld(file);
                break;
            case TerminalRecord terminal:
                OpenTerminal(terminal);
                break;
            case TerminalJobRecord terminal:
                OpenOwnTerminal(terminal);
                break;
            case MessageQueueRecord queue:
                OpenQueue(queue);
                break;
            case NetlinkSocketRecord netlink:
                CreateNetlinkSocket(netlink);
                break;
            case UnixSocketRecord unix:
                CreateUnixSocket(unix);
                break;
            case TcpConnectionRecord connection:
                CreateConnection(connection);
                break;
            case InetSocketRecord { Aborted: true } aborted:
                CreateAborted(aborted);
                break;
            case InetSocketRecord inet:
                CreateInetSocket(inet);
                break;
            default:
                throw new LazyRestoreException(FailureReason.Unsupported, $"{Describe(file)} cannot be restored by this version");
        }

        Program.Call(SystemCall.close_range, FirstFree, _base - 1, 0);
    }

    // The call that made a description has just returned 3 (or 3 and 4): moves it up.
    private void Keep(OpenFileRecord file, CallResultRef made) =>
        Keep(file.Id, Program.Call(SystemCall.fcntl, made, DuplicateCloseOnExec, _base));

    private void Keep(OpenFileRecord file, int descriptor) =>
        Keep(file.Id, Program.Call(SystemCall.fcntl, descriptor, DuplicateCloseOnExec, _base));

    private void Keep(int file, CallResultRef descriptor)
    {
        _files.Add(file, descriptor);
        _made.Add(file, descriptor);
    }

    private void SetFlags(int descriptor, OpenFileRecord file) =>
        Program.Call(SystemCall.fcntl, descriptor, SetStatusFlags, file.StatusFlags & ~AsyncFlag);

    // A description is registered under the number it had then, which its descriptor may have no longer.
    private void AddEpollInterests(Func<OpenFileRecord, bool> isCreatedHere)
    {
        foreach (EpollRecord epoll in _checkpoint.Files.OfType<EpollRecord>().Where(isCreatedHere))
        {
            foreach (EpollInterest interest in epoll.Interests)
            {
                Program.About($"{Describe(epoll)} watching descriptor {interest.Descriptor}");
                DataRef change = Program.Reserve(12);
                Program.Write(change, 0, interest.Events);
                Program.Write(change, 4, (uint)interest.Data);
                Program.Write(change, 8, (uint)(interest.Data >> 32));
                Program.Call(SystemCall.dup3, _files[interest.FileId], interest.Descriptor, CloseOnExec);
                Program.Call(SystemCall.epoll_ctl, _files[epoll.Id], EpollAdd, interest.Descriptor, change);
            }
        }
    }

    private void Place()
    {
        Program.About("descriptors").Call(SystemCall.close_range, 0, _base - 1, 0);
        foreach (DescriptorRecord descriptor in _checkpoint.Descriptors)
        {
            Program.About($"descriptor {descriptor.Number}");
            Program.Call(
                SystemCall.dup3, _files[descriptor.FileId], descriptor.Number, descriptor.CloseOnExec ? CloseOnExec : 0);
        }

        Program.About("descriptors").Call(SystemCall.close_range, _base, uint.MaxValue, 0);
    }

    private string Describe(OpenFileRecord file)
    {
        DescriptorRecord? descriptor = _checkpoint.Descriptors.FirstOrDefault(descriptor => descriptor.FileId == file.Id);
        string number = descriptor == null ? "a file" : $"descriptor {descriptor.Number}";
        return file is PathFileRecord path ? $"{number} ({path.Path})" : $"{number} ({file.GetType().Name.Replace("Record", "")})";
    }
}
