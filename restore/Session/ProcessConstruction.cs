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
/// Builds one process of a tree from an image, from its stub to the point where its threads can be let go. Its members are called in the order
/// in which they stand here, on the thread that traces it.
/// </summary>
internal sealed class ProcessConstruction
{
    private const ulong LeastProgramCapacity = 4 << 20;
    private const int CallOverhead = 72;
    private readonly CheckpointImage _image;
    private readonly Checkpoint _checkpoint;
    private readonly RestoreOptions _options;
    private readonly Tracee _leader;
    private readonly RemoteRunner _runner;
    private readonly Sanctuary _sanctuary;
    private readonly DescriptorPlan _descriptors;
    private readonly Func<int, int> _pidOf;
    private readonly SharedProcessor _processor;
    private RestoredThreads? _threads;
    private OwnThread? _filePages;

    /// <summary>Takes a stub over.</summary>
    /// <param name="image">The image.</param>
    /// <param name="checkpoint">The process.</param>
    /// <param name="options">How to restore it.</param>
    /// <param name="leader">The stub.</param>
    /// <param name="objectPaths">Paths through which the process can open the memory objects that are files.</param>
    /// <param name="held">Descriptors of ours that the process takes over, by the IDs of their files.</param>
    /// <param name="pidOf">The process ID here of a process of the image.</param>
    /// <param name="processor">Where it is built.</param>
    internal ProcessConstruction(
        CheckpointImage image, Checkpoint checkpoint, RestoreOptions options, Tracee leader, IReadOnlyDictionary<int, string> objectPaths,
        IReadOnlyDictionary<int, int> held, Func<int, int> pidOf, SharedProcessor processor)
    {
        _processor = processor;
        _image = image;
        _checkpoint = checkpoint;
        _options = options;
        _leader = leader;
        _pidOf = pidOf;
        _sanctuary = ChooseSanctuary(checkpoint);
        _descriptors = new DescriptorPlan(checkpoint, objectPaths, held, pidOf);
        leader.AvoidEndSignals(RestoredThreads.PendingSignals(checkpoint));
        _runner = RemoteRunner.Install(leader, StubElf.SyscallInstruction, _sanctuary.Start, _sanctuary.ProgramCapacity);
    }

    /// <summary>Its process ID.</summary>
    internal int Pid => _leader.Tid;

    /// <summary>What serves its memory; null when nothing is lazy.</summary>
    internal LazyMemory? Memory { get; private set; }

    /// <summary>Our place in the address space; the same for every restore of a checkpoint.</summary>
    internal static Sanctuary ChooseSanctuary(Checkpoint checkpoint) => Sanctuary.Choose(checkpoint.Vmas, ProgramCapacity(checkpoint));

    /// <summary>Builds the address space. Its memory is served from here on, as the kernel itself touches it.</summary>
    /// <param name="objectPaths">Paths through which the process can open the memory objects that are files.</param>
    /// <param name="shared">Shared memory that comes lazily.</param>
    /// <param name="group">A number for all processes that are restored together.</param>
    internal void BuildAddressSpace(IReadOnlyDictionary<int, string> objectPaths, SharedSelection shared, long group)
    {
        VmaRecord[] lazy = LazyMemory.Select(_image, _checkpoint);
        _runner.Run(_leader, AddressSpacePlan.Vacate(_sanctuary));
        _runner.Run(_leader, AddressSpacePlan.Build(_checkpoint, objectPaths));
        _filePages = OwnThread.Start("file pages", () =>
        {
            _processor.Leave();
            EagerPages.FillFiles(_image, _checkpoint, Pid, shared);
        });
        EagerPages.FillArguments(_image, _checkpoint, Pid);
        if (lazy.Length > 0)
        {
            MoverChoice mover = LazyMemory.ChooseMover(_image, _checkpoint.Process, _options, lazy);
            (SystemCallProgram program, CallResultRef call) = AddressSpacePlan.RegisterLazy(
                lazy, _sanctuary, mover.IsWanted, _options.OnPageError == PageErrorPolicy.SigBus);
            int number = (int)_runner.Run(_leader, program)[call];
            using PidDescriptor process = PidDescriptor.Open(Pid);
            SafeFileHandle fault = process.Take(number);
            SharedMemorySeed? seed = SharedMemorySeed.Plant(shared.Of(_checkpoint), _runner, _leader, process);
            Memory = LazyMemory.Start(_image, _checkpoint, _options, _leader, _runner, _sanctuary, fault, lazy, mover, seed, group, _processor);
        }
    }

    /// <summary>Creates open file descriptions.</summary>
    /// <param name="isCreatedHere">Which ones.</param>
    /// <param name="openFileLimit">The restorer's hard limit of open files.</param>
    /// <returns>The descriptors that hold them, by the IDs of the descriptions.</returns>
    internal IReadOnlyDictionary<int, int> CreateFiles(Func<OpenFileRecord, bool> isCreatedHere, ulong openFileLimit) =>
        _descriptors.Note(_runner.Run(_leader, _descriptors.Create(_checkpoint.Files.Where(isCreatedHere), openFileLimit)));

    /// <summary>Takes open file descriptions from other processes.</summary>
    /// <param name="owners">The process here, and its descriptor, by the description's ID.</param>
    internal void TakeFiles(IReadOnlyCollection<(int FileId, int Process, int Descriptor)> owners)
    {
        if (owners.Count > 0)
        {
            _descriptors.Note(_runner.Run(_leader, _descriptors.Take(owners)));
        }
    }

    /// <summary>Gives the descriptors their numbers.</summary>
    /// <param name="isCreatedHere">Which descriptions were created here.</param>
    internal void PlaceDescriptors(Func<OpenFileRecord, bool> isCreatedHere) => _runner.Run(_leader, _descriptors.Place(isCreatedHere));

    /// <summary>What the process does with the System V objects of its image.</summary>
    internal SystemVPlan SystemV(Checkpoint image) => new(image, _checkpoint.Process.Pid);

    /// <summary>Runs a program in the process.</summary>
    internal void Run(SystemCallProgram program)
    {
        if (program.Calls.Count > 0)
        {
            _runner.Run(_leader, program);
        }
    }

    /// <summary>Creates the threads and gives them what is theirs.</summary>
    /// <param name="own">The restorer's own credentials.</param>
    internal void SetUpThreads(Credentials own)
    {
        _threads = RestoredThreads.Create(_checkpoint, _runner, _leader, _options.NewPid, _pidOf);
        _filePages!.Join();
        OomScore.Set(Pid, _checkpoint.Process.OomScoreAdjustment);
        _threads.SetUp(own, _processor);
        _threads.SetRegisters();
    }

    /// <summary>Lets the process run, or stand still if it was stopped.</summary>
    internal void Release()
    {
        if (_checkpoint.Process.StopSignal != 0)
        {
            // The signal is taken as soon as the threads go on, before they run any of their own code.
            Interop.syscall((long)SystemCall.kill, Pid, _checkpoint.Process.StopSignal);
        }

        _threads!.Release(_processor);
    }

    /// <summary>Lets go of what serves the process, which has been killed.</summary>
    internal void Abandon()
    {
        _filePages?.Wait();
        Memory?.Abandon();
    }

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
            InetSocketRecord socket => socket.Datagrams.Sum(datagram => datagram.Content.Length + (8L * CallOverhead)),
            UnixSocketRecord socket => socket.ReceiveQueue.Sum(message => message.Length + CallOverhead),
            _ => 0L,
        });
        contents += checkpoint.Queues.Sum(queue => queue.Messages.Sum(message => message.Content.Length + (2L * CallOverhead)))
            + checkpoint.Semaphores.Sum(set => set.Semaphores.Count * (long)CallOverhead);
        ulong needed = (ulong)((checkpoint.Vmas.Count * PerVma) + (checkpoint.Files.Count * PerFile) + contents);
        return (LeastProgramCapacity + needed + MemoryConstants.PageSize - 1) & ~(MemoryConstants.PageSize - 1);
    }
}
