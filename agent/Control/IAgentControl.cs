namespace LazyRestore.Agent.Control;

/// <summary>What can be asked of a service; called on any thread, also by several at once.</summary>
public interface IAgentControl
{
    /// <summary>How it is.</summary>
    ServiceStatus Status { get; }

    /// <summary>Takes up a process that has no agent, and those that were restored with it; returns when they are served.</summary>
    /// <exception cref="LazyRestoreException">It waits for no agent, has another, or its image cannot be opened.</exception>
    void Attach(int pid);

    /// <summary>Lets a process go, and those that were restored with it: they wait for their memory until another agent takes them up.</summary>
    /// <exception cref="LazyRestoreException">It is none of the service's.</exception>
    void Detach(int pid);

    /// <summary>Takes no further processes, brings all memory of those that there are, and ends then.</summary>
    void Drain();
}
