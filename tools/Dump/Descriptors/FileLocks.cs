using System.Globalization;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>The locks and leases that an open file holds, as /proc/PID/fdinfo tells them (proc_locks(5)).</summary>
public sealed class FileLocks(Refusals refusals)
{
    /// <summary>The locks that a process is to take again: its own, and the open file's when it is the first that has that; what cannot be is refused.</summary>
    public IEnumerable<FileLockRecord> Of(OpenDescription description, ProcDirectory process) => description.Descriptors
        .Where(descriptor => descriptor.Process == process)
        .SelectMany(descriptor => descriptor.Info.Locks).Distinct()
        .Select(line => Record(description, line, process.Pid)).OfType<FileLockRecord>().Distinct()
        .Where(held => held.Kind == FileLockKind.Posix || description.First.Process == process);

    // 1: POSIX  ADVISORY  WRITE 4711 fe:00:1234 100 EOF
    private FileLockRecord? Record(OpenDescription description, string line, int pid)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        FileLockKind? kind = (words[1], words[2]) switch
        {
            ("POSIX", "ADVISORY") => FileLockKind.Posix,
            ("OFDLCK", "ADVISORY") => FileLockKind.OpenFileDescription,
            ("FLOCK", "ADVISORY") => FileLockKind.Whole,
            ("LEASE", "ACTIVE") => FileLockKind.Lease,
            _ => null,
        };
        if (kind is not { } known || words[3] is not ("READ" or "WRITE"))
        {
            refusals.Add(description.Subject, UnsupportedKind.FileLock, line);
            return null;
        }

        long start = long.Parse(words[6], CultureInfo.InvariantCulture);
        return new FileLockRecord
        {
            FileId = description.Id,
            Process = known == FileLockKind.Posix ? pid : 0,
            Kind = known,
            Exclusive = words[3] == "WRITE",
            Start = start,
            Length = words[7] == "EOF" ? 0 : long.Parse(words[7], CultureInfo.InvariantCulture) - start + 1,
        };
    }
}
