namespace LazyRestore.Tools.Dump.Support;

/// <summary>A kind of state that a dump refuses because an image cannot hold it.</summary>
/// <param name="Name">What it is, as a noun phrase that a message can say "cannot be saved yet" of.</param>
/// <param name="Remedy">What the user can do; null when nothing is known.</param>
public sealed record UnsupportedKind(string Name, string? Remedy = null)
{
    private const string InheritStreams = "Dump with --inherit-stdio: whoever restores then provides the standard streams.";

    // Processes and threads.
    public static readonly UnsupportedKind SnapshotOfChildren =
        new("a child process in a snapshot", "Dump without --snapshot; with -R the processes go on afterwards.");
    public static readonly UnsupportedKind DeadLeader = new("a process whose main thread has ended", "End it, or let its main thread wait for the others.");
    public static readonly UnsupportedKind DyingProcess = new("a process that has ended and waits for its parent (a zombie)");
    public static readonly UnsupportedKind KernelThread = new("a kernel thread");
    public static readonly UnsupportedKind SharedTable = new("what it shares with another process as threads do (CLONE_VM, CLONE_FILES, CLONE_FS, CLONE_SIGHAND)");
    public static readonly UnsupportedKind UnfinishedFork = new("a child that has not executed its program yet (vfork)", "Try again in a moment.");
    public static readonly UnsupportedKind TracedProcess = new("a process that is being traced", "Detach the debugger or tracer first.");
    public static readonly UnsupportedKind SeccompListener = new("a seccomp filter that asks another process (SECCOMP_RET_USER_NOTIF)");
    public static readonly UnsupportedKind SnapshotOfStopped = new("a stopped process in a snapshot", "Dump without --snapshot.");
    public static readonly UnsupportedKind CompatibilityMode = new("32-bit code");
    public static readonly UnsupportedKind ShadowStack = new("a shadow stack", "Start it with glibc.cpu.x86_shstk=off.");
    public static readonly UnsupportedKind Namespace = new("another namespace than the tool's", "Run lazyrestore inside it with nsenter(1).");
    public static readonly UnsupportedKind DeletedExecutable = new("an executable that was deleted or replaced", "Restart the program.");
    public static readonly UnsupportedKind DeletedDirectory = new("a deleted directory");
    public static readonly UnsupportedKind SharedSemaphores =
        new("System V semaphores that another process uses, too", "End or save that process first.");
    public static readonly UnsupportedKind SemaphoreUndo =
        new("System V semaphores used by a process that has threads or changes to undo (SEM_UNDO), which the kernel does not tell");
    public static readonly UnsupportedKind SharedQueue =
        new("a System V message queue that another process uses, too", "End or save that process first.");
    public static readonly UnsupportedKind TimerThread = new("a timer that starts threads by itself");

    // Memory.
    public static readonly UnsupportedKind DeviceMapping = new("a mapped device");
    public static readonly UnsupportedKind HugetlbMemory = new("hugetlb memory");
    public static readonly UnsupportedKind SharedSegment =
        new("System V shared memory that other processes are attached to, too", "End or save those first: ipcs -m -p.");
    public static readonly UnsupportedKind PartialSegment = new("System V shared memory of which only a part is mapped");
    public static readonly UnsupportedKind AsyncIoContext = new("an asynchronous I/O context (io_setup)");
    public static readonly UnsupportedKind UserFaultRegistration = new("memory registered with a userfaultfd");
    public static readonly UnsupportedKind SealedMapping = new("memory sealed with mseal");
    public static readonly UnsupportedKind ProtectionKey = new("a memory protection key");
    public static readonly UnsupportedKind GuardPages = new("guard pages (MADV_GUARD_INSTALL)");
    public static readonly UnsupportedKind SpecialMapping = new("a special mapping of the kernel");

    // Files.
    public static readonly UnsupportedKind MovedFile =
        new("a file that is no longer at its path", "Put it back, or make the process open it again.");
    public static readonly UnsupportedKind FileLock = new("a lock or lease of this kind");
    public static readonly UnsupportedKind AsyncOwner = new("asynchronous notification of another process (F_SETOWN)");
    public static readonly UnsupportedKind BlockDevice = new("a block device");
    public static readonly UnsupportedKind CharacterDevice = new("a device");
    public static readonly UnsupportedKind Terminal =
        new("a terminal", InheritStreams + " Or with --shell-job: the terminal of the restore then becomes the one of the process.");
    public static readonly UnsupportedKind OtherTerminal = new("a terminal that is not a standard stream");
    public static readonly UnsupportedKind SessionOfTerminal =
        new("the terminal of a process that leads its session", "Dump the program that has the master of the terminal, or one that the shell has started.");
    public static readonly UnsupportedKind SharedTerminal =
        new("a pseudo terminal that another process has, too", "Dump the process that both descend from, or end the other one.");
    public static readonly UnsupportedKind HiddenTerminal = new("a pseudo terminal that is not at its path");
    public static readonly UnsupportedKind HeldOutput =
        new("a terminal whose output is held, with more of it to be read", "Let it go on (Ctrl-Q), or try again in a moment.");
    public static readonly UnsupportedKind TerminalNews = new("a terminal in packet mode with a change of state to be read", "Try again in a moment.");
    public static readonly UnsupportedKind LineDiscipline = new("a terminal with another line discipline");
    public static readonly UnsupportedKind NamedPipe = new("a named pipe that another process has open, too", "End or save that process first.");
    public static readonly UnsupportedKind TwoWayPipe = new("a pipe that is open for reading and writing at once");
    public static readonly UnsupportedKind OutsidePipe = new("a pipe to another process");
    public static readonly UnsupportedKind OutsideStream = new("a standard stream that leads to another process", InheritStreams);
    public static readonly UnsupportedKind SymbolicLink = new("an open symbolic link");
    public static readonly UnsupportedKind InotifyEvents = new("an inotify instance with events that wait to be read", "Try again in a moment.");
    public static readonly UnsupportedKind InotifyWatch = new("an inotify watch that could not be set again");
    public static readonly UnsupportedKind ProcessDescriptor = new("a pidfd of another process");
    public static readonly UnsupportedKind ProcEntry = new("an entry of /proc that comes and goes with processes or threads");
    public static readonly UnsupportedKind DeletedQueue = new("a POSIX message queue that was unlinked");
    public static readonly UnsupportedKind IoUring = new("an io_uring instance", "Start the program without io_uring.");
    public static readonly UnsupportedKind UserFaultDescriptor = new("a userfaultfd");
    public static readonly UnsupportedKind Fanotify = new("a fanotify group");
    public static readonly UnsupportedKind PerformanceEvent = new("a performance counter (perf_event_open)");
    public static readonly UnsupportedKind BpfObject = new("a BPF program, map or link");
    public static readonly UnsupportedKind AnonymousInode = new("a file of this kind");
    public static readonly UnsupportedKind EpollTarget = new("an epoll entry for a file that has no descriptor any more");

    // Sockets.
    public static readonly UnsupportedKind SocketFamily = new("a socket of this family or protocol");
    public static readonly UnsupportedKind TcpConnection = new(
        "a TCP connection", "Dump with --tcp-established to save connections, or with --tcp-close to let the restored process find them closed.");
    public static readonly UnsupportedKind TcpHandshake = new("a TCP connection that is being made", "Try again in a moment.");
    public static readonly UnsupportedKind TcpProtocolLayer = new("a TCP connection with another protocol in the kernel (TCP_ULP, such as TLS)");
    public static readonly UnsupportedKind TcpUrgentData = new("a TCP connection with urgent data or an error that waits", "Try again in a moment.");
    public static readonly UnsupportedKind TcpQueue = new("a TCP connection with more than 15 MiB on its way");
    public static readonly UnsupportedKind WaitingConnections =
        new("a listening socket with connections that wait to be accepted", "Try again in a moment.");
    public static readonly UnsupportedKind OutsideUnixSocket = new("a UNIX socket connected to another process");
    public static readonly UnsupportedKind QueuedDescriptors = new("descriptors in flight in a UNIX socket");
    public static readonly UnsupportedKind QueuedAddresses = new("queued datagrams with a sender's address");
    public static readonly UnsupportedKind QueuedDatagrams = new(
        "queued datagrams to a group, on a socket that shares its port (SO_REUSEPORT), is bound to a device, or has an error that waits", "Try again in a moment.");
    public static readonly UnsupportedKind NetlinkAnswers = new("a netlink socket with answers that wait or are under way", "Try again in a moment.");
    public static readonly UnsupportedKind SocketFilter = new("a socket filter");
    public static readonly UnsupportedKind PeekOffset = new("a socket with SO_PEEK_OFF");

    /// <summary>All of them, in the order of the sources.</summary>
    public static IReadOnlyList<UnsupportedKind> All { get; } =
    [
        SnapshotOfChildren, DeadLeader, DyingProcess, KernelThread, SharedTable, UnfinishedFork, TracedProcess, SeccompListener, SnapshotOfStopped,
        CompatibilityMode, ShadowStack, Namespace, DeletedExecutable, DeletedDirectory, SharedSemaphores, SemaphoreUndo, SharedQueue, TimerThread, DeviceMapping,
        HugetlbMemory, SharedSegment, PartialSegment, AsyncIoContext, UserFaultRegistration, SealedMapping, ProtectionKey, GuardPages,
        SpecialMapping, MovedFile, FileLock, AsyncOwner, BlockDevice, CharacterDevice, Terminal, OtherTerminal,
        SessionOfTerminal, SharedTerminal, HiddenTerminal, HeldOutput, TerminalNews, LineDiscipline, NamedPipe, TwoWayPipe, OutsidePipe, OutsideStream, SymbolicLink, InotifyEvents, InotifyWatch,
        ProcessDescriptor, ProcEntry, DeletedQueue, IoUring, UserFaultDescriptor, Fanotify, PerformanceEvent, BpfObject,
        AnonymousInode, EpollTarget, SocketFamily, TcpConnection, TcpHandshake, TcpProtocolLayer, TcpUrgentData, TcpQueue,
        WaitingConnections, OutsideUnixSocket, QueuedDescriptors, QueuedAddresses, QueuedDatagrams, NetlinkAnswers,
        SocketFilter, PeekOffset,
    ];

    /// <summary>Whether nothing of such a process can be looked at.</summary>
    public bool IsOfWholeProcess => this == KernelThread || this == DyingProcess || this == DeadLeader;

    /// <inheritdoc/>
    public override string ToString() => Name;
}
