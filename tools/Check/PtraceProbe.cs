namespace LazyRestore.Tools.Check;

/// <summary>Whether other processes may be traced, ptrace(2).</summary>
internal static class PtraceProbe
{
    private const string Yama = "/proc/sys/kernel/yama/ptrace_scope";

    /// <summary>Looks. Tracing is not tried: there is no process that it would be right to stop.</summary>
    public static Finding Examine()
    {
        string scope = File.Exists(Yama) ? File.ReadAllText(Yama).Trim() : "0";
        bool capable = Capabilities.Has(Capabilities.CAP_SYS_PTRACE);
        return (scope, capable) switch
        {
            ("3", _) => Finding.Missing("Yama forbids all tracing (ptrace_scope 3)", $"Boot with another {Yama}; 3 cannot be left."),
            (_, true) => Finding.Ok("CAP_SYS_PTRACE"),
            ("0", false) => Finding.Limited("own processes only", "Run as root, or give CAP_SYS_PTRACE, for those of others."),
            _ => Finding.Missing($"ptrace_scope {scope} without CAP_SYS_PTRACE", $"Run as root, or write 0 to {Yama}."),
        };
    }
}
