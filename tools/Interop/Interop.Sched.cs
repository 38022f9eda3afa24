using System.Runtime.InteropServices;

namespace LazyRestore.Tools;

internal static partial class Interop
{
    internal const int IOPRIO_WHO_PROCESS = 1;

    /// <summary>The first version of the structure; what was added since are the utilisation clamps.</summary>
    internal const int SCHED_ATTR_SIZE_VER0 = 48;

    [StructLayout(LayoutKind.Sequential)]
    internal struct sched_attr
    {
        public uint size;
        public uint sched_policy;
        public ulong sched_flags;
        public int sched_nice;
        public uint sched_priority;
        public ulong sched_runtime;
        public ulong sched_deadline;
        public ulong sched_period;
    }
}
