using System.Runtime.CompilerServices;
using System.Text;
using LazyRestore.Agent.Faults;
using LazyRestore.ImageFormat;
using Tmds.Linux;
using static LazyRestore.Agent.Interop.UserFaultFd;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Moving;

/// <summary>
/// The agent's end of the mover: shared memory with the data and the commands of a few slots, and two eventfds. The mover is a task in the
/// restored process's address space, where alone UFFDIO_MOVE works; for each command it copies the slot's data to its stage and makes one
/// system call. Whoever starts the mover passes it these descriptors. Except for its creation, used by the agent thread alone.
/// </summary>
public sealed unsafe class MoverRing : IDisposable
{
    /// <summary>The memfd's name, by which its mapping is recognised.</summary>
    public const string MemoryName = "lazyrestore-mover";

    private const int SpinsBeforeYield = 200;
    private const int YieldsBeforeLook = 50;
    private const ulong IoctlCall = 16;
    private const ulong MadviseCall = 28;

    private readonly MoverPlaces _places;
    private readonly byte* _base;
    private int _mover = -1;
    private ulong _fault;

    private MoverRing(MoverPlaces places, int memory)
    {
        _places = places;
        Memory = memory;
        void* address = mmap(null, MoverLayout.Length, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
        if (address == MAP_FAILED)
        {
            throw new NativeException("mmap", errno, "of the mover's memory");
        }

        _base = (byte*)address;
        _ = madvise(_base, MoverLayout.Header, Interop.MADV_HUGEPAGE);
        Commands = NewEvent();
        Completions = NewEvent();
    }

    /// <summary>The memfd that both sides map; its length cannot change.</summary>
    public int Memory { get; }

    /// <summary>The eventfd that tells the mover of new commands.</summary>
    public int Commands { get; }

    /// <summary>The eventfd that tells the agent of finished ones.</summary>
    public int Completions { get; }

    /// <summary>A pidfd of the mover; -1 before it is known.</summary>
    internal int Mover => _mover;

    /// <summary>Creates the memory and the eventfds.</summary>
    /// <param name="places">Where the mover works in the process.</param>
    public static MoverRing Create(MoverPlaces places)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(MemoryName + "\0"))
        {
            int memory = memfd_create(name, MFD_CLOEXEC | Interop.MFD_ALLOW_SEALING);
            if (memory < 0)
            {
                throw new NativeException("memfd_create", errno, "of the mover");
            }

            // Whatever happens to the descriptor elsewhere, the mapping never ends in a SIGBUS.
            if (ftruncate(memory, MoverLayout.Length) < 0 || fcntl(memory, Interop.F_ADD_SEALS, Interop.F_SEAL_SEAL | Interop.F_SEAL_SHRINK | Interop.F_SEAL_GROW) < 0)
            {
                throw new NativeException("ftruncate", errno, "of the mover's memory");
            }

            return new MoverRing(places, memory);
        }
    }

    /// <summary>Tells the mover, before it runs, what its descriptors are.</summary>
    public void Describe(MoverDescriptors descriptors)
    {
        byte* header = _base + MoverLayout.Header;
        *(uint*)(header + MoverLayout.DoneDescriptor) = (uint)descriptors.Done;
        *(ulong*)(header + MoverLayout.One) = 1;
        var watched = (pollfd*)(header + MoverLayout.Watched);
        watched[0] = new pollfd { fd = descriptors.Commands, events = POLLIN };
        watched[1] = new pollfd { fd = descriptors.Process, events = POLLIN };
        watched[2] = new pollfd { fd = descriptors.Agent, events = POLLIN };
        _fault = (ulong)descriptors.Fault;
    }

    /// <summary>Makes the mover known, so that its end is noticed.</summary>
    /// <param name="pidfd">A descriptor of it; it stays the caller's and lives as long as the ring.</param>
    public void Watch(int pidfd) => _mover = pidfd;

    /// <summary>Where the data of a slot goes, 2 MiB.</summary>
    internal byte* Data(int slot) => _base + ((long)slot * ImageLayout.ExtentSpan);

    /// <summary>Whose a slot is.</summary>
    internal uint State(int slot) => Volatile.Read(ref Slot(slot)->State);

    /// <summary>Takes a finished slot back.</summary>
    internal void Reset(int slot) => Slot(slot)->State = MoverLayout.Idle;

    /// <summary>Has a slot's data placed at an address.</summary>
    /// <param name="slot">A slot of the agent's.</param>
    /// <param name="destination">The address in the process, a multiple of 2 MiB.</param>
    /// <param name="isStaged">Whether the data is in the stage already, from an attempt before.</param>
    /// <param name="isForced">Whether it is copied from there instead of moved.</param>
    internal void Place(int slot, ulong destination, bool isStaged, bool isForced)
    {
        ulong stage = Stage(slot);
        MoverSlot* record = Slot(slot);
        record->CopyLength = isStaged ? 0ul : ImageLayout.ExtentSpan;
        record->CopySource = _places.Shared + ((ulong)slot * ImageLayout.ExtentSpan);
        record->CopyDestination = stage;
        record->Move = new uffdio_move { dst = destination, src = stage, len = ImageLayout.ExtentSpan };
        ulong request = _places.Shared + MoverLayout.Header + (ulong)((byte*)&record->Move - (_base + MoverLayout.Header));

        // uffdio_copy has the same fields.
        Submit(record, IoctlCall, _fault, isForced ? UFFDIO_COPY : UFFDIO_MOVE, request);
    }

    /// <summary>
    /// Has a slot's stage thrown away: what an attempt left of it, in small pages, would keep the next extent from moving in a huge one.
    /// </summary>
    internal void Clear(int slot)
    {
        MoverSlot* record = Slot(slot);
        record->CopyLength = 0;
        Submit(record, MadviseCall, Stage(slot), ImageLayout.ExtentSpan, (ulong)MADV_DONTNEED);
    }

    /// <summary>Has the system call of a slot left out if it has not been made; the gate must be closed.</summary>
    internal void Cancel(int slot) => Slot(slot)->Cancelled = 1;

    /// <summary>What a finished command came to.</summary>
    internal PlacementResult Result(int slot)
    {
        MoverSlot* record = Slot(slot);
        return PlacementResult.Decode(record->Result == 0 ? 0 : -1, (int)-record->Result, record->Move.move, record->Move.len);
    }

    /// <summary>
    /// Keeps the mover from making system calls until <see cref="OpenGate"/>; one that it makes right now is waited for, some microseconds.
    /// </summary>
    /// <returns>False when the mover has ended.</returns>
    internal bool CloseGate()
    {
        for (int attempt = 1; Interlocked.CompareExchange(ref Gate, MoverLayout.GateClosed, MoverLayout.GateOpen) != MoverLayout.GateOpen; attempt++)
        {
            if (attempt % (SpinsBeforeYield * YieldsBeforeLook) == 0 && HasEnded())
            {
                return false;
            }

            if (attempt % SpinsBeforeYield == 0)
            {
                _ = Thread.Yield();
            }
            else
            {
                Thread.SpinWait(1);
            }
        }

        return true;
    }

    /// <summary>Lets the mover make system calls again.</summary>
    internal void OpenGate() => Volatile.Write(ref Gate, MoverLayout.GateOpen);

    /// <summary>Forgets that completions were announced; they are to be looked for after that.</summary>
    internal void TakeAnnouncement()
    {
        ulong count;
        _ = read(Completions, &count, sizeof(ulong));
    }

    /// <summary>Whether the mover has ended; it makes no system call any more then.</summary>
    internal bool HasEnded()
    {
        pollfd mover = new() { fd = _mover, events = POLLIN };
        return poll(&mover, 1, 0) > 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ = munmap(_base, MoverLayout.Length);
        _ = close(Memory);
        _ = close(Commands);
        _ = close(Completions);
    }

    private static int NewEvent()
    {
        int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        return descriptor >= 0 ? descriptor : throw new NativeException("eventfd", errno, "of the mover");
    }

    private ref uint Gate => ref Unsafe.AsRef<uint>(_base + MoverLayout.Header + MoverLayout.Gate);

    private ulong Stage(int slot) => _places.Stage + ((ulong)slot * ImageLayout.ExtentSpan);

    private MoverSlot* Slot(int slot) => (MoverSlot*)(_base + MoverLayout.Header + MoverLayout.FirstSlot) + slot;

    private void Submit(MoverSlot* record, ulong call, ulong first, ulong second, ulong third)
    {
        record->Cancelled = 0;
        record->Call = call;
        record->Arguments[0] = first;
        record->Arguments[1] = second;
        record->Arguments[2] = third;
        Volatile.Write(ref record->State, MoverLayout.Submitted);

        // Either the mover's last look finds the command, or we find that it sleeps.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref *(uint*)(_base + MoverLayout.Header + MoverLayout.Sleeping)) != 0)
        {
            ulong one = 1;
            _ = write(Commands, &one, sizeof(ulong));
        }
    }
}
