using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.State;

/// <summary>
/// A task that shares the agent's descriptor table (CLONE_FILES, clone(2)) and waits for the end of the restored process. What the
/// kernel has handed to the agent, such as the userfaultfd of a child that was forked a moment ago, thereby stays open when the
/// agent is killed, and a successor finds it.
/// </summary>
internal sealed unsafe class DescriptorKeeper : IDisposable
{
    private const int SysWait4 = 61;
    private const int SysPidfdOpen = 434;
    internal const int SysPidfdGetFd = 438;
    private const int PageSize = 4096;
    private const ulong CloneVm = 0x100;
    private const ulong CloneFiles = 0x400;
    private const ulong CloneParentSetTid = 0x100000;
    private readonly byte* _memory;
    private readonly int _watched;

    private DescriptorKeeper(byte* memory, int watched)
    {
        _memory = memory;
        _watched = watched;
    }

    /// <summary>The name it goes by in proc_pid_comm(5).</summary>
    internal static ReadOnlySpan<byte> Name => "lazyrestore-fd\0"u8;

    /// <summary>The keeper's process ID.</summary>
    internal int Pid { get; private set; }

    /// <summary>Starts a keeper that ends with the process; null when that has ended.</summary>
    /// <param name="process">The process.</param>
    /// <param name="place">Where the kernel writes the keeper's process ID before the keeper begins to run, so that there is none that nobody finds.</param>
    internal static DescriptorKeeper? Start(int process, int* place)
    {
        int watched = OpenProcess(process);
        if (watched < 0)
        {
            return null;
        }

        void* memory = mmap(null, 2 * PageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
        {
            throw new NativeException("mmap", errno, "of the descriptor keeper");
        }

        DescriptorKeeper keeper = new((byte*)memory, watched);
        keeper.Start(place);
        return keeper;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Pid > 0)
        {
            int process = OpenProcess(Pid);
            End(Pid, process);
            _ = close(process);
            Pid = 0;
        }

        _ = close(_watched);
        _ = munmap(_memory, 2 * PageSize);
    }

    private void Start(int* place)
    {
        KeeperCode.Bytes.CopyTo(new Span<byte>(_memory, PageSize));
        var arguments = (KeeperArguments*)(_memory + PageSize);
        arguments->CloneFlags = CloneVm | CloneFiles | CloneParentSetTid;
        arguments->CloneParentTid = (ulong)place;
        arguments->CloneExitSignal = (ulong)SIGCHLD;
        arguments->AllSignals = ulong.MaxValue;
        arguments->Watched = new pollfd { fd = _watched, events = POLLIN };
        Name.CopyTo(new Span<byte>(arguments->Name, Name.Length));
        if (mprotect(_memory, PageSize, PROT_READ | PROT_EXEC) < 0)
        {
            int error = errno;
            Dispose();
            throw new NativeException("mprotect", error, "of the descriptor keeper");
        }

        long started = ((delegate* unmanaged<KeeperArguments*, long>)_memory)(arguments);
        if (started < 0)
        {
            Dispose();
            throw new NativeException("clone3", (int)-started, "of the descriptor keeper");
        }

        Pid = (int)started;
    }

    /// <summary>Opens a process, pidfd_open(2); -1 when there is none.</summary>
    internal static int OpenProcess(int pid) => (int)(long)syscall(SysPidfdOpen, pid, 0);

    /// <summary>Ends a keeper, and waits until it has ended.</summary>
    internal static void End(int pid, int process)
    {
        _ = kill(pid, SIGKILL);
        pollfd end = new() { fd = process, events = POLLIN };
        while (poll(&end, 1, -1) < 0 && errno == Interop.Errno.EINTR)
        {
        }

        // Of our own child we have to take notice; that of another agent is not ours.
        int status;
        _ = syscall(SysWait4, pid, &status, 0, 0);
    }
}
