namespace LazyRestore.Agent.Sources.Objects;

/// <summary>Lets what somebody waits for go first: while any of it is under way, the rest reads slowly, which leaves it the network.</summary>
internal sealed class DemandGate
{
    private readonly Lock _lock = new();
    private int _underWay;
    private TaskCompletionSource? _clear;

    /// <summary>Something begins that somebody waits for.</summary>
    internal void Enter()
    {
        lock (_lock)
        {
            _underWay++;
            _clear ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>It has ended.</summary>
    internal void Leave()
    {
        lock (_lock)
        {
            if (--_underWay == 0)
            {
                _clear!.SetResult();
                _clear = null;
            }
        }
    }

    /// <summary>Waits until nobody waits, but not for longer than a time: what nobody waits for has to come to an end as well.</summary>
    internal Task ClearAsync(TimeSpan longest)
    {
        lock (_lock)
        {
            return _clear is null ? Task.CompletedTask : Task.WhenAny(_clear.Task, Task.Delay(longest));
        }
    }
}
