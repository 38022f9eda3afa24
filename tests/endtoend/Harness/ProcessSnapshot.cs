using System.Text.RegularExpressions;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>
/// What the world sees of a process: mappings with their flags, threads, descriptors, credentials, limits. Two snapshots of a process
/// that waits are equal when nothing was lost and nothing was left in it.
/// </summary>
internal sealed partial class ProcessSnapshot
{
    private static readonly string[] s_statusKeys =
    [
        "Name", "Umask", "Tgid", "Pid", "TracerPid", "Uid", "Gid", "Groups", "Threads", "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt",
        "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Cpus_allowed", "THP_enabled", "Kthread",
    ];

    private ProcessSnapshot(IReadOnlyList<string> facts)
    {
        Facts = facts;
    }

    internal IReadOnlyList<string> Facts { get; }

    internal static ProcessSnapshot Take(int pid) => new(
    [
        .. Mappings(pid),
        .. Proc.Threads(pid).Select(tid => $"thread {tid} {Proc.Text(pid, $"task/{tid}/comm").Trim()} {ThreadFacts(pid, tid)}"),
        .. Proc.Descriptors(pid).Select(fd => Descriptor(pid, fd)),
        .. s_statusKeys.Select(key => $"status {key} {Proc.Status(pid, key)}"),
        .. Proc.Text(pid, "limits").Split('\n').Select(line => "limit " + line),
        .. ((string[])["cwd", "root", "exe"]).Select(name => $"{name} {Proc.Link($"/proc/{pid}/{name}")}"),
        .. ((string[])["cmdline", "environ", "personality", "oom_score_adj", "auxv", "timerslack_ns"]).Select(name => $"{name} {Proc.Text(pid, name)}"),
    ]);

    /// <summary>What differs, a line each; empty when both are equal.</summary>
    internal string Difference(ProcessSnapshot later) => string.Join(
        '\n', Facts.Except(later.Facts).Select(fact => "missing: " + fact).Concat(later.Facts.Except(Facts).Select(fact => "foreign: " + fact)));

    // Neighbours that agree in all but their addresses are one: whether the kernel merges them is its own business.
    private static List<string> Mappings(int pid)
    {
        List<(ulong Start, ulong End, ulong Next, string Kind)> merged = [];
        foreach (Mapping mapping in Mapping.Read(pid))
        {
            string rest = $"{mapping.Permissions} {mapping.Name} [{mapping.Flags}]";
            ulong next = mapping.IsFile ? mapping.Offset + (mapping.End - mapping.Start) : 0;
            if (merged is [.., { } last] && last.End == mapping.Start && last.Kind == rest && last.Next == (mapping.IsFile ? mapping.Offset : 0))
            {
                merged[^1] = (last.Start, mapping.End, next, rest);
            }
            else
            {
                merged.Add((mapping.Start, mapping.End, next, rest));
            }
        }

        return [.. merged.Select(m => $"mapping {m.Start:x}-{m.End:x} next {m.Next:x} {m.Kind}")];
    }

    private static string ThreadFacts(int pid, int tid)
    {
        string stat = Proc.Text(pid, $"task/{tid}/stat");
        string[] fields = stat.Length == 0 ? [] : stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return fields.Length < 39
            ? "gone"
            : $"group {fields[2]} session {fields[3]} terminal {fields[4]} priority {fields[15]} nice {fields[16]} rt {fields[37]} policy {fields[38]}";
    }

    private static string Descriptor(int pid, int fd)
    {
        string link = Proc.Link($"/proc/{pid}/fd/{fd}");
        link = link.EndsWith(" (deleted)", StringComparison.Ordinal) ? "(deleted)" : InodeNumber().Replace(link, ":[]");
        IEnumerable<string> facts = Proc.Text(pid, $"fdinfo/{fd}").Split('\n').Where(line => line.Length > 0 && !VolatileFact().IsMatch(line))
            .Select(line => VolatilePart().Replace(line, "").Replace(SpentWatched, Spent).Replace(Nameless, Deleted)).Order(StringComparer.Ordinal);
        return $"descriptor {fd} {link} {string.Join(' ', facts)}";
    }

    // A one-shot epoll entry that is spent; added again, it watches for errors and hang-ups, which the kernel always adds.
    private const string Spent = "events: 40000000";
    private const string SpentWatched = "events: 40000018";

    // The flags of a file that never had a name, and of the same file opened without O_TMPFILE.
    private const string Nameless = "flags:\t020300002";
    private const string Deleted = "flags:\t0100002";

    [GeneratedRegex(@":\[\d+\]")]
    private static partial Regex InodeNumber();

    // Times that pass, numbers that name the same thing anew.
    [GeneratedRegex("^(mnt_id|ino|it_value|ticks|eventfd-id|scm_fds|size)")]
    private static partial Regex VolatileFact();

    [GeneratedRegex(@" (pos|ino|sdev):\S+")]
    private static partial Regex VolatilePart();
}
