namespace LazyRestore.Agent.Control;

/// <summary>What a service does for a process.</summary>
public enum ProcessState
{
    /// <summary>Its memory is served.</summary>
    Serving,

    /// <summary>Its image cannot be opened at the moment: it waits for its memory, and the service tries again.</summary>
    AwaitingImage,
}
