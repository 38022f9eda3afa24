using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Tools.Dump.Support;

/// <summary>A kind of state that an image holds and a restore brings back.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Remarks">How far, and on what condition; empty when there is nothing to say.</param>
/// <param name="Records">The records that hold it.</param>
public sealed record SupportedState(string Name, string Remarks, params IReadOnlyList<Type> Records)
{
    /// <summary>All of it; every kind of record that is about state stands with one of them.</summary>
    public static IReadOnlyList<SupportedState> All { get; } =
    [
        new(
            "process trees: the process and all its descendants in one image",
            "parents, process groups and sessions, also of those whose leaders are gone; orphans, as far as one of the tree has adopted them; zombies with their status; stopped processes; subreapers, parent-death signals. All go on at once",
            typeof(ZombieRecord)),
        new(
            "what relatives share: open files with their offsets, pipes, socket pairs, epoll instances, anonymous shared memory, memfds",
            "copy-on-write pages that relatives still share come back as pages of each"),
        new(
            "threads, general and extended registers (all XSAVE components)",
            "same process and thread IDs, unless `--new-pid`", typeof(ThreadRecord)),
        new(
            "a thread inside a system call",
            "goes on in it. nanosleep, clock_nanosleep, poll and futex for what was left of their time; epoll_wait, sigtimedwait and others that the kernel never restarts begin anew"),
        new(
            "signal dispositions, masks, alternate stacks, pending signals with siginfo",
            ""),
        new(
            "interval timers, POSIX timers with their numbers",
            ""),
        new(
            "private anonymous memory",
            "lazy", typeof(VmaRecord)),
        new(
            "anonymous shared memory and memfds of which the process has shared mappings and nothing else",
            "lazy: put into the memory once, for all who map it. Before the process forks, moves, unmaps or gives back any of it, all of it arrives", typeof(MemoryObjectRecord)),
        new(
            "other shared memory and memfds: with a descriptor, a private mapping, a seal against writing, less than 256 KiB, or from an image elsewhere",
            "put in place before the process runs: what is read by a descriptor cannot wait"),
        new(
            "changed pages of private file mappings",
            "put in place before the process runs: userfaultfd does not serve them", typeof(MappedFileRecord)),
        new(
            "locked memory",
            "lazy; locked page by page (VmFlags `lf`) until all of it is there"),
        new(
            "credentials, capabilities and no_new_privs, those of single threads too; umask, directories, limits, personality, OOM score, scheduling, affinity, registrations for membarrier(2)",
            "", typeof(ProcessRecord)),
        new(
            "seccomp: strict mode, and filters, inherited and of single threads",
            "a filter that asks another process is refused"),
        new(
            "files: regular, deleted (content in the image), directories, character devices, pipes with content and packets, eventfd, epoll, timerfd, signalfd, memfd",
            "", typeof(PathFileRecord), typeof(ObjectFileRecord), typeof(PipeRecord), typeof(EventFdRecord), typeof(EpollRecord), typeof(TimerFdRecord), typeof(SignalFdRecord)),
        new(
            "files opened with O_PATH, and O_TMPFILE files",
            "the latter can be given a name afterwards; F_GETFL tells no O_TMPFILE any more"),
        new(
            "pseudo terminals: masters and slaves with modes, window size, packet mode and what waits to be read; controlling terminals and foreground process groups",
            "under their old numbers, when no other process has them; terminals whose master is gone, too", typeof(TerminalMasterRecord), typeof(TerminalRecord)),
        new(
            "locks (POSIX, OFD, flock) and leases",
            "taken again; the restore fails when somebody else holds them by then", typeof(FileLockRecord)),
        new(
            "F_SETOWN, F_SETSIG, O_ASYNC",
            "when the owner is a process of the tree, a thread of the first one that has the file, or a process group that one of them leads", typeof(FileOwnerRecord)),
        new(
            "inotify watches, with their numbers",
            "when no event waits to be read; found again by path on file systems that have file handles", typeof(InotifyRecord)),
        new(
            "named pipes, with their content",
            "when no other process has them open", typeof(NamedPipeRecord)),
        new(
            "pidfds of processes of the tree; a process's own entries of /proc",
            "but not those of single threads and descriptors", typeof(PidFdRecord)),
        new(
            "POSIX message queues",
            "opened again by name: the queue and its messages outlive the process", typeof(MessageQueueRecord)),
        new(
            "System V shared memory, semaphores and message queues",
            "with their identifiers, keys, values, messages, and who used them last. Shared memory when only processes of the tree are attached to it, and put in place before they run; semaphores and queues that one of the tree has used last, and nobody else", typeof(SystemVSegmentRecord), typeof(SystemVSemaphoresRecord), typeof(SystemVQueueRecord)),
        new(
            "netlink sockets, with groups and options",
            "when no answer waits or is under way", typeof(NetlinkSocketRecord)),
        new(
            "sockets: UNIX pairs with what is queued, peers that were closed, listening and unconnected UNIX, TCP and UDP",
            "", typeof(UnixSocketRecord), typeof(InetSocketRecord)),
        new(
            "datagrams that wait in UDP sockets, with who sent them",
            "as far as the receive buffer has room for them; this host must have the addresses that they were sent to"),
        new(
            "TCP connections over IPv4 and IPv6: both queues, what the ends agreed on, windows, half-closed ones",
            "with `--tcp-established` (nf_tables, CAP_NET_ADMIN); the peer may be in the process or elsewhere. ECN is not used any more", typeof(TcpConnectionRecord)),
        new(
            "TCP connections that are not to go on",
            "with `--tcp-close`: found closed, ECONNABORTED"),
        new(
            "jobs of a shell in a terminal outside",
            "with `--shell-job`: the terminal of the restore becomes theirs, with the modes they had set and with the foreground", typeof(TerminalJobRecord)),
        new(
            "standard streams that lead outside",
            "with `--inherit-stdio`: those of the restore take their place", typeof(ExternalStreamRecord)),
    ];
}
