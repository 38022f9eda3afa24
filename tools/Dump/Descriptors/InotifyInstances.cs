using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>inotify instances: the kernel tells file handles of what they watch, from which paths are found again.</summary>
public sealed unsafe class InotifyInstances(Refusals refusals)
{
    // Each number below the highest one that is free takes a watch that is added and removed again.
    private const int MostFree = 4096;

    /// <summary>The record of an instance; null when it is refused.</summary>
    public InotifyRecord? Record(OpenDescription description)
    {
        int pending = 0;
        Native.Check("ioctl(FIONREAD)", Interop.ioctl_int(description.First.Here, Interop.FIONREAD, &pending), description.Subject);
        if (pending > 0)
        {
            refusals.Add(description.Subject, UnsupportedKind.InotifyEvents);
            return null;
        }

        List<InotifyWatch> watches = [];
        foreach (InotifyEntry entry in description.First.Info.InotifyEntries)
        {
            if (HandlePaths.Find(entry.Device, entry.Inode, entry.HandleType, entry.Handle) is not { } path)
            {
                refusals.Add(description.Subject, UnsupportedKind.InotifyWatch, $"watch {entry.Number}, inode {entry.Inode}");
                return null;
            }

            watches.Add(new InotifyWatch(entry.Number, path, entry.Mask));
        }

        watches.Sort((left, right) => left.Number.CompareTo(right.Number));
        if (watches.Count > 0 && watches[^1].Number - watches.Count > MostFree)
        {
            refusals.Add(description.Subject, UnsupportedKind.InotifyWatch, $"{watches.Count} watches with numbers up to {watches[^1].Number}");
            return null;
        }

        return new InotifyRecord { Id = description.Id, StatusFlags = description.First.StatusFlags, Watches = watches };
    }
}
