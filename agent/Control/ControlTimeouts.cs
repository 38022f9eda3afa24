namespace LazyRestore.Agent.Control;

/// <summary>How long either side of a control connection waits for what.</summary>
internal sealed record ControlTimeouts
{
    /// <summary>Those that docs/agent.md names.</summary>
    internal static readonly ControlTimeouts Usual = new();

    /// <summary>For the first frame of the other side.</summary>
    internal TimeSpan Greeting { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For the next request of a client.</summary>
    internal TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For a client to take an answer.</summary>
    internal TimeSpan Sending { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a client that waits looks whether the service lives: its connection may outlive it.</summary>
    internal TimeSpan Look { get; init; } = TimeSpan.FromMilliseconds(200);
}
