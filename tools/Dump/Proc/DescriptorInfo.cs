using System.Globalization;

namespace LazyRestore.Tools.Dump.Proc;

/// <summary>What /proc/PID/fdinfo/FD tells of a descriptor of any kind, proc_pid_fdinfo(5).</summary>
public sealed class DescriptorInfo
{
    private readonly KeyedText _text;

    private DescriptorInfo(KeyedText text) => _text = text;

    /// <summary>Reads the text.</summary>
    public static DescriptorInfo Parse(string text) => new(KeyedText.Parse(text));

    /// <summary>The file offset in bytes.</summary>
    public long Offset => _text.Number("pos");

    /// <summary>O_* of the description and, as O_CLOEXEC, the descriptor's FD_CLOEXEC.</summary>
    public int Flags => _text.Octal("flags");

    /// <summary>The locks and leases that the process holds by it, a line each as in /proc/locks.</summary>
    public IEnumerable<string> Locks => _text.All("lock");

    /// <summary>The process or thread that a pidfd stands for; null for other files, and when that has ended.</summary>
    public int? Process => _text.Find("Pid") is { } pid && int.Parse(pid, CultureInfo.InvariantCulture) is > 0 and int live ? live : null;

    /// <summary>The watches of an inotify instance.</summary>
    public IEnumerable<InotifyEntry> InotifyEntries => _text.All("inotify wd").Select(InotifyEntry.Parse);

    /// <summary>The counter of an eventfd.</summary>
    public ulong EventCount => _text.Hex("eventfd-count");

    /// <summary>Whether an eventfd is a semaphore.</summary>
    public bool EventSemaphore => _text.Find("eventfd-semaphore") == "1";

    /// <summary>The signals a signalfd accepts.</summary>
    public ulong SignalMask => _text.Hex("sigmask");

    /// <summary>The number of the pseudo terminal of a master; null for other files.</summary>
    public int? TerminalIndex => _text.Find("tty-index") is { } index ? int.Parse(index, CultureInfo.InvariantCulture) : null;

    /// <summary>The state of a timerfd.</summary>
    public TimerState Timer => new(
        (int)_text.Number("clockid"),
        ulong.Parse(_text.Text("ticks"), CultureInfo.InvariantCulture),
        _text.Octal("settime flags"),
        Nanoseconds(_text.Text("it_value")),
        Nanoseconds(_text.Text("it_interval")));

    /// <summary>The entries of an epoll interest list, in the order in which kcmp(2) counts them.</summary>
    public IReadOnlyList<EpollEntry> EpollEntries => [.. _text.All("tfd").Select(ParseEntry)];

    // tfd:        5 events:       19 data:                5  pos:0 ino:61 sdev:7
    private static EpollEntry ParseEntry(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new EpollEntry(
            int.Parse(words[0], CultureInfo.InvariantCulture),
            uint.Parse(words[2], NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            ulong.Parse(words[4], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }

    // (seconds, nanoseconds)
    private static long Nanoseconds(string pair)
    {
        string[] parts = pair.Trim('(', ')').Split(',');
        return (long.Parse(parts[0], CultureInfo.InvariantCulture) * 1_000_000_000) + long.Parse(parts[1], CultureInfo.InvariantCulture);
    }
}

/// <summary>A timerfd: clock, expirations not read, TFD_TIMER_*, and times in nanoseconds.</summary>
public readonly record struct TimerState(int Clock, ulong Ticks, int SetTimeFlags, long ValueNanoseconds, long IntervalNanoseconds);

/// <summary>An entry of an epoll interest list: the descriptor it was added with, EPOLL* bits, and the user's data.</summary>
public readonly record struct EpollEntry(int Descriptor, uint Events, ulong Data);
