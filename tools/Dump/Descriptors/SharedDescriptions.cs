using System.Runtime.InteropServices;
using LazyRestore.Agent;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Finds descriptors that share an open file description, by the order that kcmp(2) gives to descriptions.</summary>
internal static unsafe class SharedDescriptions
{
    /// <summary>The descriptions, in the order of the descriptors that refer to them first, and numbered from 1 on.</summary>
    public static IReadOnlyList<OpenDescription> Group(IReadOnlyList<OpenDescriptor> descriptors)
    {
        // The sort is stable, so that the descriptors of a description stay in their order.
        (OpenDescriptor Descriptor, int Place)[] sorted =
        [
            .. descriptors.Select((descriptor, place) => (descriptor, place))
                .Order(Comparer<(OpenDescriptor Descriptor, int)>.Create((left, right) => Compare(left.Descriptor, right.Descriptor))),
        ];
        List<List<(OpenDescriptor Descriptor, int Place)>> groups = [];
        foreach ((OpenDescriptor Descriptor, int) one in sorted)
        {
            if (groups.Count > 0 && Compare(groups[^1][0].Descriptor, one.Descriptor) == 0)
            {
                groups[^1].Add(one);
            }
            else
            {
                groups.Add([one]);
            }
        }

        groups.Sort((left, right) => left[0].Place.CompareTo(right[0].Place));
        return [.. groups.Select((group, index) => new OpenDescription(index + 1, [.. group.Select(one => one.Descriptor)]))];
    }

    /// <summary>Whether an entry of an epoll interest list is about the file that a descriptor refers to.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="epoll">The epoll instance's descriptor.</param>
    /// <param name="entry">The descriptor that the entry was added with.</param>
    /// <param name="index">Which of the entries that were added with that number.</param>
    public static bool IsEpollTarget(OpenDescriptor descriptor, OpenDescriptor epoll, int entry, int index)
    {
        Interop.kcmp_epoll_slot slot = new() { efd = (uint)epoll.Number, tfd = (uint)entry, toff = (uint)index };
        return Interop.syscall(
            Interop.SYS_kcmp, descriptor.Process.Pid, epoll.Process.Pid, Interop.KCMP_EPOLL_TFD, descriptor.Number, (nint)(&slot)) == 0;
    }

    private static int Compare(OpenDescriptor left, OpenDescriptor right)
    {
        long order = ReferenceEquals(left, right)
            ? 0
            : Interop.syscall(Interop.SYS_kcmp, left.Process.Pid, right.Process.Pid, Interop.KCMP_FILE, left.Number, right.Number);
        return order switch
        {
            0 => 0,
            1 => -1,
            2 => 1,
            _ => throw new NativeException(
                "kcmp", Marshal.GetLastPInvokeError(), $"descriptors {left.Number} and {right.Number}", "The kernel needs CONFIG_KCMP."),
        };
    }
}
