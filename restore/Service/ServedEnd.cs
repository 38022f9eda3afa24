namespace LazyRestore.Restore.Service;

/// <summary>How it ended that a service served processes.</summary>
public enum ServedEnd
{
    /// <summary>All of their memory is there.</summary>
    Resident,

    /// <summary>They have ended, or executed another program.</summary>
    Gone,

    /// <summary>They were let go: they wait for another agent.</summary>
    Detached,

    /// <summary>It could not go on.</summary>
    Failed,
}
