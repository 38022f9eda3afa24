namespace LazyRestore.Agent;

/// <summary>How the work of a <see cref="PageService"/> ended.</summary>
public enum PageServiceEnd
{
    /// <summary>Every page is where it belongs, in the process and in the children it forked meanwhile.</summary>
    Resident,

    /// <summary>The address space is gone.</summary>
    ProcessGone,

    /// <summary>It was stopped.</summary>
    Stopped,

    /// <summary>It could not go on; whoever touches a missing page waits.</summary>
    Failed,
}

/// <summary>How the work ended, and why when it failed.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Failure">The reason when it failed, null otherwise.</param>
public sealed record PageServiceResult(PageServiceEnd End, LazyRestoreException? Failure = null);
