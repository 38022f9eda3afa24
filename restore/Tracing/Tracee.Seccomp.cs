using System.Globalization;
using LazyRestore.Agent;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Restore.Tracing;

/// <content>A thread that may not call everything (seccomp(2)) may do so while it is ours: its filters would end the process for our calls.</content>
public sealed unsafe partial class Tracee
{
    private const int NoEntry = 2;
    private long _always = Interop.PTRACE_O_TRACESYSGOOD;

    /// <summary>The filters, the oldest first (PTRACE_SECCOMP_GET_FILTER).</summary>
    public IReadOnlyList<SeccompFilter> ReadSeccompFilters()
    {
        List<SeccompFilter> filters = [];
        while (ReadFilter(filters.Count) is { } filter)
        {
            filters.Add(filter);
        }

        filters.Reverse();
        return filters;
    }

    /// <summary>Suspends what keeps the thread from calling, until it is let go (PTRACE_O_SUSPEND_SECCOMP). Does nothing when all is allowed.</summary>
    internal void SuspendSeccomp()
    {
        if (HasSeccomp())
        {
            _always |= Interop.PTRACE_O_SUSPEND_SECCOMP;
            SetOptions(0);
        }
    }

    /// <summary>A process that this thread has created; the kernel has attached it, and may call what this may.</summary>
    internal Tracee Created(int pid) => new(pid, pid) { _always = _always };

    private bool HasSeccomp()
    {
        const string Key = "Seccomp:";
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/{ProcessId}/task/{Tid}/status");
        foreach (ReadOnlySpan<char> line in File.ReadAllText(path).AsSpan().EnumerateLines())
        {
            if (line.StartsWith(Key, StringComparison.Ordinal))
            {
                return line[Key.Length..].Trim() is not "0";
            }
        }

        return false;
    }

    // The newest has number 0; null when there are no more.
    private SeccompFilter? ReadFilter(int number)
    {
        try
        {
            byte[] program = new byte[Request(Interop.PTRACE_SECCOMP_GET_FILTER, number, null) * SeccompFilter.InstructionSize];
            fixed (byte* start = program)
            {
                Request(Interop.PTRACE_SECCOMP_GET_FILTER, number, start);
            }

            Interop.seccomp_metadata metadata = new() { filter_off = (ulong)number };
            Request(Interop.PTRACE_SECCOMP_GET_METADATA, sizeof(Interop.seccomp_metadata), &metadata);
            return new SeccompFilter((int)metadata.flags, program);
        }
        catch (NativeException exception) when (exception.Errno == NoEntry)
        {
            return null;
        }
    }
}
