namespace LazyRestore.Tools.Dump;

/// <summary>What the user wants of state that leads outside the process.</summary>
public sealed record DumpChoices
{
    /// <summary>Standard streams that lead outside become those of whoever restores, instead of being refused.</summary>
    public bool InheritStdio { get; init; }

    /// <summary>The controlling terminal becomes that of whoever restores, instead of being refused.</summary>
    public bool ShellJob { get; init; }

    /// <summary>What becomes of TCP connections.</summary>
    public TcpPolicy Tcp { get; init; }

    /// <summary>Whether the process goes on meanwhile: then nothing is read that could disturb it, and what files hold is left out.</summary>
    public bool LookOnly { get; init; }
}
