using LazyRestore.Agent;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Descriptors;
using LazyRestore.Tools.Dump.Memory;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.State;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump;

/// <summary>
/// Finds out what a dump would save and refuse, from outside: the process is not stopped for a moment, and nothing of it is touched. What only
/// a stopped process tells is left to the dump: all but the first message in a socket, and what seccomp filters say.
/// </summary>
internal static class DryRun
{
    private const int MostTries = 5;

    /// <summary>Looks at a process.</summary>
    /// <exception cref="LazyRestoreException">There is no such process, or it may not be looked into.</exception>
    public static DryRunResult Run(int pid, DumpChoices choices)
    {
        // It goes on meanwhile: what was there at the first look may be gone at the second.
        for (int tries = 1; ; tries++)
        {
            try
            {
                return Look(new ProcDirectory(pid), choices with { LookOnly = true });
            }
            catch (LazyRestoreException exception) when (tries < MostTries && exception is NativeException or { Reason: FailureReason.Failed } && Directory.Exists($"/proc/{pid}"))
            {
            }
        }
    }

    private static DryRunResult Look(ProcDirectory process, DumpChoices choices)
    {
        Refusals refusals = new();
        HostCheck.Inspect(process, refusals);
        if (refusals.All.Any(refusal => refusal.Kind.IsOfWholeProcess))
        {
            return new DryRunResult { Pid = process.Pid, Refusals = refusals.All };
        }

        IReadOnlyList<ProcDirectory> processes = LiveTree.Of(process);
        MemoryObjectTable objects = new(refusals);
        MappedFileTable mapped = new();
        using DescriptorTable table = DescriptorTable.Open(processes);
        using HeldConnections none = new();
        DescriptorCollector descriptors = new(process, processes.Select(one => one.Pid).ToHashSet(), table, objects, choices, none, refusals);
        DryRunResult result = new() { Pid = process.Pid, Refusals = refusals.All, Processes = processes.Count, Descriptors = table.Count };
        foreach (ProcDirectory one in processes)
        {
            refusals.Process = one == process ? null : one.Pid;
            result = Add(result, one, new AreaCollector(one, mapped, objects, refusals), descriptors, refusals);
        }

        return result with { Refusals = refusals.All, Bytes = result.Bytes + objects.Objects.Sum(stored => stored.Record.Size) };
    }

    private static DryRunResult Add(
        DryRunResult result, ProcDirectory process, AreaCollector collector, DescriptorCollector descriptors, Refusals refusals)
    {
        if (process.Pid != result.Pid && StatusText.Parse(process.Text("status")).State is 'Z' or 'X')
        {
            return result;
        }

        LookAtThreads(process, refusals);
        ProcessCollector.Places(process, refusals);
        ProcessCollector.Timers(process, refusals);
        IReadOnlyList<MemoryArea> areas = SmapsText.Parse(process.Text("smaps"));
        IReadOnlyList<VmaRecord> vmas = collector.Collect(areas);
        using PagemapScanner scanner = new(process.Pid);
        List<PageRange> pages = MemoryCollector.FindPages(scanner, areas.ToDictionary(area => area.Start), vmas, refusals);
        return result with
        {
            Threads = result.Threads + process.Numbers("task").Length,
            Vmas = result.Vmas + vmas.Count,
            Bytes = result.Bytes + pages.Sum(range => (long)(range.End - range.Start)),
            Files = [.. result.Files, .. descriptors.Collect(process).Files],
        };
    }

    private static void LookAtThreads(ProcDirectory process, Refusals refusals)
    {
        const int Class32 = 1; // ELFCLASS32
        const int ClassOffset = 4; // EI_CLASS
        byte[] head = new byte[ClassOffset + 1];
        using (FileStream executable = File.OpenRead(process.PathOf("exe")))
        {
            if (executable.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length && head[ClassOffset] == Class32)
            {
                refusals.Add($"process {process.Pid}", UnsupportedKind.CompatibilityMode);
            }
        }

        foreach (int tid in process.Numbers("task"))
        {
            StatusText status = StatusText.Parse(process.Text($"task/{tid}/status"));
            ThreadCollector.Refuse(tid, status, refusals);
            if (tid == process.Pid && status.Tracer != 0)
            {
                refusals.Add($"process {process.Pid}", UnsupportedKind.TracedProcess, $"by process {status.Tracer}");
            }
        }
    }
}
