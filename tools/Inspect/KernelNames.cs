namespace LazyRestore.Tools.Inspect;

/// <summary>Numbers of the kernel's interfaces by the names that manual pages use; a number without one stands for itself.</summary>
internal static class KernelNames
{
    private const int FirstRealTimeSignal = 32;

    private static readonly string[] s_resources =
    [
        "CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC", "NOFILE",
        "MEMLOCK", "AS", "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME",
    ];

    private static readonly string[] s_signals =
    [
        "0", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV",
        "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU",
        "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
    ];

    private static readonly string[] s_clocks =
    [
        "CLOCK_REALTIME", "CLOCK_MONOTONIC", "CLOCK_PROCESS_CPUTIME_ID", "CLOCK_THREAD_CPUTIME_ID", "CLOCK_MONOTONIC_RAW",
        "CLOCK_REALTIME_COARSE", "CLOCK_MONOTONIC_COARSE", "CLOCK_BOOTTIME", "CLOCK_REALTIME_ALARM", "CLOCK_BOOTTIME_ALARM",
    ];

    private static readonly string[] s_intervalTimers = ["ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF"];

    private static readonly string[] s_policies = ["OTHER", "FIFO", "RR", "BATCH", "ISO", "IDLE", "DEADLINE", "EXT"];

    private static readonly string[] s_socketTypes = ["0", "stream", "datagram", "raw", "rdm", "seqpacket"];

    /// <summary>RLIMIT_*, without the prefix.</summary>
    public static string Resource(int number) => Of(s_resources, number);

    /// <summary>SIG*; real-time signals count from the kernel's first.</summary>
    public static string Signal(int number) => number switch
    {
        FirstRealTimeSignal => "SIGRTMIN",
        > FirstRealTimeSignal => $"SIGRTMIN+{number - FirstRealTimeSignal}",
        _ => Of(s_signals, number),
    };

    /// <summary>CLOCK_*.</summary>
    public static string Clock(int number) => Of(s_clocks, number);

    /// <summary>ITIMER_*.</summary>
    public static string IntervalTimer(int number) => Of(s_intervalTimers, number);

    /// <summary>SCHED_*, without the prefix.</summary>
    public static string Policy(uint number) => Of(s_policies, (int)Math.Min(number, int.MaxValue));

    /// <summary>SOCK_*, in words.</summary>
    public static string SocketType(int number) => Of(s_socketTypes, number);

    private static string Of(string[] names, int number) =>
        number >= 0 && number < names.Length ? names[number] : number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
