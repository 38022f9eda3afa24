namespace LazyRestore.Tools.Dump;

/// <summary>What the user wants of state that leads outside the process.</summary>
public sealed record DumpChoices
{
    /// <summary>Standard streams that lead outside become those of whoever restores, instead of being refused.</summary>
    public bool InheritStdio { get; init; }

    /// <summary>What becomes of TCP connections.</summary>
    public TcpPolicy Tcp { get; init; }
}
