using LazyRestore.Agent.Control;

namespace LazyRestore.Agent.Tests.Control;

/// <summary>Notes what clients ask for.</summary>
internal sealed class RecordingControl : IAgentControl
{
    private readonly List<string> _asked = [];

    /// <summary>What was asked for, in order.</summary>
    public IReadOnlyList<string> Asked
    {
        get
        {
            lock (_asked)
            {
                return [.. _asked];
            }
        }
    }

    public ServiceStatus Status { get; init; } = new()
    {
        Pid = 1,
        Uptime = TimeSpan.FromSeconds(2),
        IsDraining = true,
        Attached = 3,
        Completed = 4,
        Processes = [],
    };

    /// <summary>Attaching to this one fails.</summary>
    public int Impossible { get; init; } = -1;

    public void Attach(int pid)
    {
        Note($"attach {pid}");
        if (pid == Impossible)
        {
            throw new LazyRestoreException(FailureReason.SourceUnreachable, $"process {pid} cannot be had", "Try another.");
        }
    }

    public void Detach(int pid) => Note($"detach {pid}");

    public void Drain() => Note("drain");

    private void Note(string request)
    {
        lock (_asked)
        {
            _asked.Add(request);
        }
    }
}
