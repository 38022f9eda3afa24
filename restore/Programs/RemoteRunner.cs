using System.Runtime.InteropServices;
using LazyRestore.Agent;
using LazyRestore.Restore.Tracing;

namespace LazyRestore.Restore.Programs;

/// <summary>
/// The runner's place inside another process: one page of code and an area for programs. It must be used on the OS thread that
/// traces the process.
/// </summary>
public sealed class RemoteRunner : IDisposable
{
    private const ulong PageSize = 4096;
    private const ulong DefaultCapacity = 1 << 20;
    private const ulong FrameCapacity = 16 << 10;

    // A page for the program of a task that goes on by itself, a stack, and the signal frame.
    private const ulong Reserved = PageSize + FrameCapacity + FrameCapacity;
    private readonly Tracee _host;
    private readonly ulong _syscallInstruction;
    private readonly ulong _capacity;
    private bool _removed;

    private RemoteRunner(Tracee host, ulong syscallInstruction, ulong start, ulong capacity)
    {
        _host = host;
        _syscallInstruction = syscallInstruction;
        Start = start;
        _capacity = capacity;
        Finished = start + (ulong)(RunnerCode.Bytes.Length - RunnerCode.ReturnLength);
    }

    /// <summary>First address of the mapping; it holds the code, then the programs.</summary>
    public ulong Start { get; }

    /// <summary>First address after the mapping.</summary>
    public ulong End => Start + PageSize + _capacity;

    private ulong ProgramArea => Start + PageSize;

    /// <summary>Puts the runner into a frozen process, at an address the kernel chooses.</summary>
    public static RemoteRunner Install(FrozenProcess process)
    {
        ulong instruction = SyscallInstructionSearch.Find(process.Pid);
        return Install(process.Leader, instruction, address: 0, DefaultCapacity);
    }

    /// <summary>Puts the runner at an address, or where the kernel likes when it is 0.</summary>
    internal static RemoteRunner Install(Tracee thread, ulong syscallInstruction, ulong address, ulong capacity)
    {
        ulong start = InjectedCall.Run(
            thread,
            syscallInstruction,
            SystemCall.mmap,
            address,
            PageSize + capacity,
            MemoryConstants.ProtRead | MemoryConstants.ProtWrite,
            MemoryConstants.MapPrivate | MemoryConstants.MapAnonymous | (address == 0 ? 0 : MemoryConstants.MapFixedNoReplace),
            ulong.MaxValue,
            0);
        var runner = new RemoteRunner(thread, syscallInstruction, start, capacity);
        try
        {
            ProcessMemory.Write(thread.ProcessId, start, RunnerCode.Bytes);
            InjectedCall.Run(
                thread, syscallInstruction, SystemCall.mprotect, start, PageSize, MemoryConstants.ProtRead | MemoryConstants.ProtExec);
            return runner;
        }
        catch
        {
            runner.Dispose();
            throw;
        }
    }

    /// <summary>A <c>syscall</c> instruction in the runner's code.</summary>
    internal ulong SyscallInstruction => Finished - (ulong)InjectedCall.SyscallInstruction.Length;

    // Where a thread is that has executed a program.
    private ulong Finished { get; }

    /// <summary>Puts words where programs lie and returns their address; they last until the next program.</summary>
    internal ulong Place(ReadOnlySpan<ulong> words)
    {
        ProcessMemory.Write(_host.ProcessId, ProgramArea, MemoryMarshal.AsBytes(words));
        return ProgramArea;
    }

    /// <summary>
    /// Loads a program into the last page of the area and returns the registers that run it, for a task that goes on by itself.
    /// </summary>
    internal UserRegisters LoadLast(Tracee thread, SystemCallProgram program)
    {
        ProgramImage image = Load(program, End - Reserved, PageSize);
        return Entry(thread, image);
    }

    /// <summary>Runs a program in a stopped thread of the process and returns what its calls returned.</summary>
    /// <exception cref="NativeException">A call that had to succeed failed.</exception>
    public ProgramResult Run(Tracee thread, SystemCallProgram program) => Run(thread, program, created: null);

    /// <summary>As <see cref="Run(Tracee, SystemCallProgram)"/>, for a program that creates a task.</summary>
    internal ProgramResult Run(Tracee thread, SystemCallProgram program, Action? created)
    {
        ProgramImage image = Load(program, ProgramArea, _capacity - Reserved);
        UserRegisters end = thread.RunBorrowed(Entry(thread, image), Finished, created);
        ProgramResult result = Collect(thread.ProcessId, program, image, end);
        thread.GiveBack();
        result.ThrowIfStopped();
        return result;
    }

    /// <summary>This runner as it lies in a copy of the process.</summary>
    internal RemoteRunner In(Tracee copy) => new(copy, _syscallInstruction, Start, _capacity);

    /// <summary>Takes the runner out of the process again.</summary>
    public void Dispose()
    {
        if (!_removed)
        {
            _removed = true;
            try
            {
                InjectedCall.Run(_host, _syscallInstruction, SystemCall.munmap, Start, PageSize + _capacity);
                _host.GiveBack();
            }
            catch (TraceeGoneException)
            {
            }
        }
    }

    private ProgramImage Load(SystemCallProgram program, ulong address, ulong capacity)
    {
        if ((ulong)program.Size > capacity)
        {
            throw new LazyRestoreException(
                FailureReason.Failed, $"a program of {program.Size} bytes does not fit into the runner's {capacity} bytes");
        }

        ProgramImage image = ProgramImage.Lay(program, address);
        ProcessMemory.Write(_host.ProcessId, address, image.Bytes);
        return image;
    }

    private UserRegisters Entry(Tracee thread, ProgramImage image)
    {
        UserRegisters registers = thread.OwnRegisters;
        registers.rip = Start;
        registers.rbx = image.Address;
        registers.rbp = image.End;
        registers.r12 = (ulong)thread.ProcessId;
        registers.r13 = (ulong)thread.Tid;
        registers.r14 = (ulong)thread.EndSignal;
        registers.r15 = PlaceFrame(thread);
        registers.rsp = registers.r15 - SignalFrame.Alignment;
        return registers;
    }

    // The frame lies at the end of the area; below it is room for a handler of the end signal, should we be killed before we take it away.
    private ulong PlaceFrame(Tracee thread)
    {
        ulong address = End - FrameCapacity;
        byte[] frame = SignalFrame.Build(address, thread.OwnRegisters, thread.ReadExtendedState(), thread.OwnSignalMask);
        ProcessMemory.Write(thread.ProcessId, address, frame);
        return address + SignalFrame.StackPointerOffset;
    }

    private static ProgramResult Collect(int pid, SystemCallProgram program, ProgramImage image, in UserRegisters end)
    {
        ProcessMemory.Read(pid, image.Address, image.Bytes);
        return new ProgramResult(program, image.Bytes, (int)((end.rbx - image.Address) / CallLayout.Size));
    }
}
