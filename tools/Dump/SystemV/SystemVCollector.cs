using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.SystemV;
using LazyRestore.Tools.Dump.Memory;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.SystemV;

/// <summary>
/// The System V objects of a tree, sysvipc(7). The kernel tells who is attached to shared memory; of semaphores and queues it tells who used them
/// last, so those are the tree's that one of it used last. Objects that none of it has used stay where they are.
/// </summary>
/// <param name="processes">The process IDs of the tree.</param>
/// <param name="lookOnly">Whether the processes go on meanwhile.</param>
/// <param name="refusals">What cannot be saved is added here.</param>
internal sealed class SystemVCollector(IReadOnlySet<int> processes, bool lookOnly, Refusals refusals)
{
    /// <summary>The records of segments that are among memory objects.</summary>
    /// <param name="segments">The segments' identifiers with the numbers of the objects, and where each process has them mapped.</param>
    public IEnumerable<SystemVSegmentRecord> Segments(IReadOnlyList<SystemVMapping> segments)
    {
        IReadOnlyList<SystemVEntry> all = segments.Count == 0 ? [] : SystemVEntry.All("shm");
        foreach (SystemVMapping mapping in segments)
        {
            SystemVEntry entry = all.FirstOrDefault(one => one.Id == mapping.Id) ?? throw new LazyRestoreException(
                FailureReason.Failed, $"the kernel does not know the System V shared memory {mapping.Id} that is mapped", "Try again.");
            string subject = $"System V shared memory {mapping.Id}";
            if (!mapping.IsWhole)
            {
                refusals.Add(subject, UnsupportedKind.PartialSegment);
            }
            else if (entry.Number("nattch") > mapping.Count)
            {
                refusals.Add(subject, UnsupportedKind.SharedSegment, $"{entry.Number("nattch") - mapping.Count} times");
            }
            else
            {
                yield return new SystemVSegmentRecord { ObjectId = mapping.ObjectId, Identity = entry.Identity };
            }
        }
    }

    /// <summary>The records of semaphores.</summary>
    public IEnumerable<SystemVSemaphoresRecord> Semaphores()
    {
        foreach (SystemVEntry entry in SystemVEntry.All("sem"))
        {
            IReadOnlyList<SystemVSemaphore> semaphores = SystemVQuery.Semaphores(entry);
            int[] users = [.. semaphores.Select(semaphore => semaphore.Process).Where(user => user != 0).Distinct()];
            if (!users.Any(processes.Contains))
            {
                continue;
            }

            string subject = $"System V semaphore set {entry.Id}";
            if (Outsider(users) is { } outsider)
            {
                refusals.Add(subject, UnsupportedKind.SharedSemaphores, $"process {outsider}");
            }
            else if (!lookOnly && SystemVQuery.HasWaiters(entry))
            {
                refusals.Add(subject, UnsupportedKind.SharedSemaphores, "somebody waits for it");
            }
            else if (processes.FirstOrDefault(SystemVQuery.MayHaveToUndo) is not 0 and int undoer)
            {
                refusals.Add(subject, UnsupportedKind.SemaphoreUndo, $"process {undoer}");
            }
            else
            {
                yield return new SystemVSemaphoresRecord { Identity = entry.Identity, Semaphores = semaphores };
            }
        }
    }

    /// <summary>The records of message queues.</summary>
    public IEnumerable<SystemVQueueRecord> Queues()
    {
        foreach (SystemVEntry entry in SystemVEntry.All("msg"))
        {
            int[] users = [(int)entry.Number("lspid"), (int)entry.Number("lrpid")];
            if (!users.Any(processes.Contains))
            {
                continue;
            }

            if (Outsider(users) is { } outsider)
            {
                refusals.Add($"System V message queue {entry.Id}", UnsupportedKind.SharedQueue, $"process {outsider}");
                continue;
            }

            yield return new SystemVQueueRecord
            {
                Identity = entry.Identity,
                MostBytes = SystemVQuery.MostBytes(entry),
                LastSender = users[0],
                LastReceiver = users[1],
                Messages = lookOnly ? [] : SystemVQuery.Messages(entry),
            };
        }
    }

    private int? Outsider(IEnumerable<int> users) => users
        .Where(user => user != 0 && !processes.Contains(user) && Directory.Exists($"/proc/{user}")).Select(user => (int?)user).FirstOrDefault();
}
