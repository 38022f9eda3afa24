using System.Globalization;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>The locks and leases that an open file holds, as /proc/PID/fdinfo tells them (proc_locks(5)).</summary>
public sealed class FileLocks(int pid, Refusals refusals)
{
    /// <summary>The locks; what cannot be taken again is refused.</summary>
    public IEnumerable<FileLockRecord> Of(OpenDescription description) => description.Descriptors
        .SelectMany(descriptor => descriptor.Info.Locks).Distinct()
        .Select(line => Record(description, line)).OfType<FileLockRecord>().Distinct();

    // 1: POSIX  ADVISORY  WRITE 4711 fe:00:1234 100 EOF
    private FileLockRecord? Record(OpenDescription description, string line)
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
