using LazyRestore.Agent;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Plan;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Stub;
using LazyRestore.Restore.Tracing;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Restore.Session;

/// <summary>
/// Builds a process from an image, from the stub to the point where its threads can be let go. Until then the process dies with
/// us, and disposing ends it. Everything happens on one OS thread, which traces it.
/// </summary>
internal sealed class ProcessConstruction : IDisposable
{
    private const ulong LeastProgramCapacity = 4 << 20;
    private const int SigKill = 9;
    private readonly CheckpointImage _image;
    private readonly RestoreOptions _options;
    private readonly Tracee _leader;
    private readonly MemoryObjects _objects;
    private readonly RepairedConnections _connections;
    private RestoredThreads? _threads;
    private OwnThread? _filePages;
    private bool _released;

    private ProcessConstruction(CheckpointImage image, RestoreOptions options, Tracee leader, MemoryObjects objects, RepairedConnections connections)
    {
        _image = image;
        _options = options;
        _leader = leader;
        _objects = objects;
        _connections = connections;
        Process = PidDescriptor.Open(leader.Tid);
    }

    /// <summary>The process.</summary>
    internal PidDescriptor Process { get; }

    /// <summary>What serves its memory; null when nothing is lazy.</summary>
    internal LazyMemory? Memory { get; private set; }

    /// <summary>Builds the process. Its memory is served from here on, as the kernel itself touches it.</summary>
    internal static ProcessConstruction Build(CheckpointImage image, RestoreOptions options)
    {
        MemoryObjects objects = MemoryObjects.Create(image, SharedSelection.Of(image, options));
        RepairedConnections? connections = null;
        ProcessConstruction? construction = null;
        try
        {
            connections = RepairedConnections.Lock(image.Checkpoint);
            int pid = StubProcess.Start(options.NewPid ? 0 : image.Checkpoint.Process.Pid);
            Tracee leader = SeizeStub(pid);
            leader.AvoidEndSignals(RestoredThreads.PendingSignals(image.Checkpoint));
            construction = new ProcessConstruction(image, options, leader, objects, connections);
            construction.Construct();
            return construction;
        }
        catch
        {
            construction?.Dispose();
            connections?.Dispose();
            throw;
        }
        finally
        {
            objects.Dispose();
        }
    }

    /// <summary>Lets the process run.</summary>
    internal void Release()
    {
        _connections.GoOn(Process);
        _threads!.Release();
        _released = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_released)
        {
            Interop.syscall((long)SystemCall.kill, _leader.Tid, SigKill);
            _filePages?.Wait();
            Memory?.Abandon();
            ReapAll();
        }

        _connections.Dispose();
        Process.Dispose();
    }

    private static Tracee SeizeStub(int pid)
    {
        try
        {
            Tracee leader = Tracee.Seize(pid, pid, Interop.PTRACE_O_TRACECLONE | Interop.PTRACE_O_EXITKILL);
            leader.Interrupt();
            leader.WaitForInterrupt();
            return leader;
        }
        catch
        {
            Interop.syscall((long)SystemCall.kill, pid, SigKill);
            ChildStatus.Wait(pid);
            throw;
        }
    }

    private void Construct()
    {
        Checkpoint checkpoint = _image.Checkpoint;
        Sanctuary sanctuary = ChooseSanctuary(checkpoint);
        RemoteRunner runner = RemoteRunner.Install(_leader, StubElf.SyscallInstruction, sanctuary.Start, sanctuary.ProgramCapacity);
        VmaRecord[] lazy = LazyMemory.Select(_image);
        BuildAddressSpace(runner, sanctuary, lazy);
        _objects.SealMapped();
        Credentials own = OwnCredentials.Read();
        SystemCallProgram descriptors = DescriptorPlan.Build(checkpoint, _objects.Paths, OpenFileLimit.ReadHard());
        runner.Run(_leader, descriptors);
        _threads = RestoredThreads.Create(checkpoint, runner, _leader, _options.NewPid);
        _filePages!.Join();
        OomScore.Set(_leader.Tid, checkpoint.Process.OomScoreAdjustment);
        _threads.SetUp(own);
        _threads.SetRegisters();
    }

    private void BuildAddressSpace(RemoteRunner runner, Sanctuary sanctuary, VmaRecord[] lazy)
    {
        runner.Run(_leader, AddressSpacePlan.Vacate(sanctuary));
        runner.Run(_leader, AddressSpacePlan.Build(_image.Checkpoint, _objects.Paths));
        _filePages = OwnThread.Start("file pages", () => EagerPages.FillFiles(_image, _leader.Tid, _objects.Shared));
        EagerPages.FillArguments(_image, _leader.Tid);
        if (lazy.Length > 0)
        {
            MoverChoice mover = LazyMemory.ChooseMover(_image, _options, lazy);
            (SystemCallProgram program, CallResultRef call) = AddressSpacePlan.RegisterLazy(lazy, sanctuary, mover.IsWanted);
            SafeFileHandle fault = Process.Take((int)runner.Run(_leader, program)[call]);
            SharedMemorySeed? shared = SharedMemorySeed.Plant(_objects.Shared, runner, _leader, Process);
            Memory = LazyMemory.Start(_image, _options, _leader, runner, sanctuary, fault, lazy, mover, shared);
        }
    }

    /// <summary>Our place in the address space; the same for every restore of a checkpoint.</summary>
    internal static Sanctuary ChooseSanctuary(Checkpoint checkpoint) => Sanctuary.Choose(checkpoint.Vmas, ProgramCapacity(checkpoint));

    private static ulong ProgramCapacity(Checkpoint checkpoint)
    {
        const int PerVma = 1024;
        const int PerFile = 1024;
        long contents = checkpoint.Files.Sum(file => file switch
        {
            PipeRecord pipe => pipe.Content.Sum(piece => piece.Length + CallOverhead),
            NamedPipeRecord pipe => pipe.Content.Length,
            InotifyRecord inotify => inotify.Watches.Sum(watch => watch.Path.Length + (2L * CallOverhead))
                + (inotify.Watches.Select(watch => watch.Number).DefaultIfEmpty().Max() * 3L * CallOverhead),
            TcpConnectionRecord connection => connection.SendQueue.Length + connection.ReceiveQueue.Length + (64L * CallOverhead)
                + ((connection.SendQueue.Length + connection.ReceiveQueue.Length) / 256L),
            UnixSocketRecord socket => socket.ReceiveQueue.Sum(message => message.Length + CallOverhead),
            _ => 0L,
        });
        ulong needed = (ulong)((checkpoint.Vmas.Count * PerVma) + (checkpoint.Files.Count * PerFile) + contents);
        return (LeastProgramCapacity + needed + MemoryConstants.PageSize - 1) & ~(MemoryConstants.PageSize - 1);
    }

    private const int CallOverhead = 72;

    // The kernel reports the leader's end only when that of all other threads, which this thread traces, has been taken.
    private static unsafe void ReapAll()
    {
        int status;
        while (Interop.wait4(-1, &status, Interop.__WALL | Interop.__WNOTHREAD, null) > 0)
        {
        }
    }
}
