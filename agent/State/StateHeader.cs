using System.Runtime.InteropServices;
using static LazyRestore.Agent.Interop.UserFaultFd;

namespace LazyRestore.Agent.State;

/// <summary>
/// The beginning of a state file, shared memory that outlives the agent. Everything is written by the one agent that holds
/// the lock; what a successor needs is valid after every single store.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct StateHeader
{
    internal const ulong MagicValue = 0x3530_4554_4154_534C; // "LSTATE05"
    internal const int MessageCapacity = 64;
    internal const int PathCapacity = 4096;

    internal ulong Magic;

    /// <summary>Tells the state from every other.</summary>
    internal long Identity;

    /// <summary>The process whose address space it was at first; 0 for the children, whose PID is not known.</summary>
    internal int Pid;

    internal int Hydration;
    internal int OnPageError;
    internal int FillAroundLimitPages;
    internal int HydrationBatchPages;
    internal int PathLength;

    /// <summary>In milliseconds; negative for no end.</summary>
    internal long SourcePatience;

    /// <summary>The same for all processes that were restored together.</summary>
    internal long Group;

    /// <summary>The space of the image that holds the pages.</summary>
    internal int Space;
    internal long ExtentCount;
    internal long RegionCapacity;
    internal long InitialRegionCount;
    internal fixed byte ImageId[16];

    /// <summary>Not 0 once shared memory has all its pages; no event of it is read before that. See <see cref="Shared.SharedMemoryService"/>.</summary>
    internal ulong SharedIsComplete;

    /// <summary>The process ID of the agent, and that of the task that keeps its descriptors; see <see cref="DescriptorKeeper"/>.</summary>
    internal int Agent;
    internal int Keeper;

    /// <summary>The number of the agent's descriptor by which it has locked the state; -1 when it has none.</summary>
    internal int Lock;

    /// <summary>Tells the service that is to serve the process, also when it starts again, from all others; 0 for none.</summary>
    internal long Service;

    /// <summary>Not 0 once the userfaultfds of all children are parked whose fork stands in <see cref="Messages"/>.</summary>
    internal ulong ForksAreKept;

    /// <summary>Bits 0-31: how many of <see cref="Messages"/> are dealt with. Bits 32-62: regions in the table. Bit 63: which table is valid.</summary>
    internal ulong Progress;

    /// <summary>Where messages are read into, so that one that the kernel has handed out cannot be lost with the agent.</summary>
    internal fixed byte Messages[MessageCapacity * 32];

    internal fixed long Counters[StateCounter.Capacity];

    internal fixed byte Path[PathCapacity];

    internal readonly ReadOnlySpan<byte> PathBytes
    {
        get
        {
            fixed (byte* path = Path)
            {
                return new ReadOnlySpan<byte>(path, Math.Clamp(PathLength, 0, PathCapacity));
            }
        }
    }

    internal static uffd_msg* MessagesOf(StateHeader* header) => (uffd_msg*)header->Messages;
}
