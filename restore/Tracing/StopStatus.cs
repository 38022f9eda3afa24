namespace LazyRestore.Restore.Tracing;

/// <summary>What wait4(2) said about a traced thread.</summary>
internal readonly record struct StopStatus(int Raw)
{
    internal bool Exited => (Raw & 0x7f) == 0;

    internal bool Killed => !Exited && (Raw & 0xff) != 0x7f;

    internal bool Ended => Exited || Killed;

    internal int ExitCode => (Raw >> 8) & 0xff;

    internal int TerminatingSignal => Raw & 0x7f;

    internal int StopSignal => (Raw >> 8) & 0xff;

    internal int Event => Raw >> 16;

    /// <summary>The exit status a shell would report: the code, or 128 and the signal.</summary>
    internal int ShellStatus => Exited ? ExitCode : 128 + TerminatingSignal;

    public override string ToString() =>
        Exited ? $"exited with {ExitCode}"
        : Killed ? $"killed by signal {TerminatingSignal}"
        : Event != 0 ? $"event {Event} (signal {StopSignal})"
        : $"stopped by signal {StopSignal}";
}
