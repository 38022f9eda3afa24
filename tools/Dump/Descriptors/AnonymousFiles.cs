using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Files that exist only as descriptors: eventfd, timerfd, signalfd, epoll, inotify, pidfd.</summary>
public sealed class AnonymousFiles(IReadOnlySet<int> processes, IReadOnlyList<OpenDescription> all, Refusals refusals)
{
    /// <summary>The record of such a file; null when it is of another kind, which is refused.</summary>
    public OpenFileRecord? Record(OpenDescription description)
    {
        OpenDescriptor first = description.First;
        switch (first.Link)
        {
            case "anon_inode:[eventfd]":
                return new EventFdRecord
                {
                    Id = description.Id,
                    StatusFlags = first.StatusFlags,
                    Count = first.Info.EventCount,
                    Semaphore = first.Info.EventSemaphore,
                };
            case "anon_inode:[timerfd]":
                return Timer(description.Id, first);
            case "anon_inode:[signalfd]":
                return new SignalFdRecord { Id = description.Id, StatusFlags = first.StatusFlags, Mask = first.Info.SignalMask };
            case "anon_inode:[eventpoll]":
                return Epoll(description);
            case "anon_inode:inotify":
                return new InotifyInstances(refusals).Record(description);
            case "anon_inode:[pidfd]":
                return Process(description);
            default:
                refusals.Add(description.Subject, KindOf(first.Link), first.Link);
                return null;
        }
    }

    private static UnsupportedKind KindOf(string link) => link switch
    {
        "anon_inode:[io_uring]" => UnsupportedKind.IoUring,
        "anon_inode:[userfaultfd]" => UnsupportedKind.UserFaultDescriptor,
        "anon_inode:[fanotify]" => UnsupportedKind.Fanotify,
        "anon_inode:[perf_event]" => UnsupportedKind.PerformanceEvent,
        _ when link.StartsWith("anon_inode:bpf", StringComparison.Ordinal) || link == "anon_inode:[bpf_link]" => UnsupportedKind.BpfObject,
        _ => UnsupportedKind.AnonymousInode,
    };

    private PidFdRecord? Process(OpenDescription description)
    {
        OpenDescriptor first = description.First;
        if (first.Info.Process is { } process && processes.Contains(process))
        {
            return new PidFdRecord { Id = description.Id, StatusFlags = first.StatusFlags, Process = process };
        }

        refusals.Add(description.Subject, UnsupportedKind.ProcessDescriptor, first.Info.Process is { } other ? $"of process {other}" : "");
        return null;
    }

    private static TimerFdRecord Timer(int id, OpenDescriptor descriptor)
    {
        TimerState timer = descriptor.Info.Timer;
        return new TimerFdRecord
        {
            Id = id,
            StatusFlags = descriptor.StatusFlags,
            Clock = timer.Clock,
            ValueNanoseconds = timer.ValueNanoseconds,
            IntervalNanoseconds = timer.IntervalNanoseconds,
            Ticks = timer.Ticks,
            SetTimeFlags = timer.SetTimeFlags,
        };
    }

    private EpollRecord Epoll(OpenDescription description)
    {
        List<EpollInterest> interests = [];
        Dictionary<int, int> seen = [];
        foreach (EpollEntry entry in description.First.Info.EpollEntries)
        {
            // A number can occur several times, when it was closed and reused while a duplicate kept the first file open.
            int index = seen.GetValueOrDefault(entry.Descriptor);
            seen[entry.Descriptor] = index + 1;
            if (FindTarget(description.First, entry.Descriptor, index) is { } target)
            {
                interests.Add(new EpollInterest(entry.Descriptor, target.Id, entry.Events, entry.Data));
            }
            else
            {
                refusals.Add(description.Subject, UnsupportedKind.EpollTarget, $"it was descriptor {entry.Descriptor}");
            }
        }

        return new EpollRecord { Id = description.Id, StatusFlags = description.First.StatusFlags, Interests = interests };
    }

    private OpenDescription? FindTarget(OpenDescriptor epoll, int entry, int index)
    {
        // Nearly always the descriptor still is what it was.
        OpenDescription? likely = all.FirstOrDefault(other => other.Descriptors.Any(
            descriptor => descriptor.Number == entry && descriptor.Process == epoll.Process));
        return likely is not null && IsTarget(likely) ? likely : all.FirstOrDefault(IsTarget);

        bool IsTarget(OpenDescription other) => SharedDescriptions.IsEpollTarget(other.First, epoll, entry, index);
    }
}
