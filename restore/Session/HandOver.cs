using LazyRestore.Agent.Control;
using LazyRestore.Restore.Service;

namespace LazyRestore.Restore.Session;

/// <summary>Gives restored processes to an agent service, which serves them from then on.</summary>
internal sealed class HandOver
{
    private readonly string _socket;

    private HandOver(string socket) => _socket = socket;

    /// <summary>Sees that a service takes processes there, before there is one; null when none is asked for.</summary>
    /// <param name="socket">The path of its control socket.</param>
    /// <exception cref="LazyRestoreException">It does not.</exception>
    internal static HandOver? To(string? socket)
    {
        if (socket is null)
        {
            return null;
        }

        using var client = ControlClient.Connect(socket);
        return client.Status().IsDraining
            ? throw new LazyRestoreException(FailureReason.Failed, $"the agent service at unix:{socket} is about to end", "Start another one.")
            : new HandOver(socket);
    }

    /// <summary>Gives a process and those that were restored with it. Should either side be killed in between, the service takes them up when it starts again.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="served">Their memory, which is served here no more.</param>
    /// <returns>Why the service does not want them: they wait for another agent then; null when it serves them.</returns>
    internal LazyRestoreException? Give(int pid, ServedMemory served)
    {
        served.Detach(AgentService.IdentityOf(Path.GetFullPath(_socket)));
        try
        {
            using var client = ControlClient.Connect(_socket);
            client.Attach(pid);
            return null;
        }
        catch (LazyRestoreException problem)
        {
            return problem;
        }
    }
}
