using LazyRestore.Tools.Dump.Proc;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace LazyRestore.Tools.Dump.Snapshots;

/// <summary>
/// The memory that a copy's page tables will take. A virtual machine whose free memory was given back to its host gets it back page by
/// page, at many times the cost of copying what goes in: touched and freed before the process is frozen, it is there.
/// </summary>
internal static unsafe class PageTableMemory
{
    private const long PageSize = 4096;

    // A page of a page table holds 512 entries.
    private const long BytesPerEntry = PageSize / 512;

    // Others take free memory too.
    private const long Margin = 8;
    private const long Least = 1 << 20;
    private const long Most = 256 << 20;

    /// <summary>Touches as much as the copy of a process will need, and gives it back.</summary>
    public static void Warm(ProcDirectory process)
    {
        long size = Math.Clamp(Pages(process) * BytesPerEntry * Margin, Least, Most);
        void* memory = mmap(null, (size_t)(ulong)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (memory != MAP_FAILED)
        {
            munmap(memory, (size_t)(ulong)size);
        }
    }

    // The second number of /proc/PID/statm: resident pages.
    private static long Pages(ProcDirectory process) => long.Parse(process.Text("statm").Split(' ')[1]);
}
