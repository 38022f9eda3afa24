using System.Runtime.InteropServices;
using LazyRestore.Agent;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Finds descriptors that share an open file description, by the order that kcmp(2) gives to descriptions.</summary>
internal static unsafe class SharedDescriptions
{
    /// <summary>The descriptions, ordered by their lowest descriptor and numbered from 1 on.</summary>
    public static IReadOnlyList<OpenDescription> Group(int pid, IReadOnlyList<OpenDescriptor> descriptors)
    {
        // The sort is stable, so that the descriptors of a description stay in ascending order.
        OpenDescriptor[] sorted =
            [.. descriptors.Order(Comparer<OpenDescriptor>.Create((left, right) => Compare(pid, left.Number, right.Number)))];
        List<List<OpenDescriptor>> groups = [];
        foreach (OpenDescriptor descriptor in sorted)
        {
            if (groups.Count > 0 && Compare(pid, groups[^1][0].Number, descriptor.Number) == 0)
            {
                groups[^1].Add(descriptor);
            }
            else
            {
                groups.Add([descriptor]);
            }
        }

        groups.Sort((left, right) => left[0].Number.CompareTo(right[0].Number));
        return [.. groups.Select((group, index) => new OpenDescription(index + 1, group))];
    }

    /// <summary>Whether an entry of an epoll interest list is about the file that a descriptor refers to.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="epoll">The epoll instance's descriptor.</param>
    /// <param name="entry">The descriptor that the entry was added with.</param>
    /// <param name="index">Which of the entries that were added with that number.</param>
    public static bool IsEpollTarget(int pid, int descriptor, int epoll, int entry, int index)
    {
        Interop.kcmp_epoll_slot slot = new() { efd = (uint)epoll, tfd = (uint)entry, toff = (uint)index };
        return Interop.syscall(Interop.SYS_kcmp, pid, pid, Interop.KCMP_EPOLL_TFD, descriptor, (nint)(&slot)) == 0;
    }

    private static int Compare(int pid, int left, int right)
    {
        long order = left == right ? 0 : Interop.syscall(Interop.SYS_kcmp, pid, pid, Interop.KCMP_FILE, left, right);
        return order switch
        {
            0 => 0,
            1 => -1,
            2 => 1,
            _ => throw new NativeException(
                "kcmp", Marshal.GetLastPInvokeError(), $"descriptors {left} and {right}", "The kernel needs CONFIG_KCMP."),
        };
    }
}
