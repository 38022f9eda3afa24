using System.Diagnostics;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>Whether a source answers. Those who ask it say so; anybody may look, from any thread.</summary>
internal sealed class SourceHealth
{
    private readonly Lock _lock = new();
    private State _state = new(0, 0, null);

    /// <summary>How it is now.</summary>
    internal State Now => Volatile.Read(ref _state);

    /// <summary>It cannot be reached, or gives nothing that can be used.</summary>
    internal void Lost(Exception problem)
    {
        lock (_lock)
        {
            State now = _state;
            Volatile.Write(ref _state, now.IsLost ? now with { Problem = problem.Message } : new State(now.Losses + 1, Stopwatch.GetTimestamp(), problem.Message));
        }
    }

    /// <summary>What was so far does not count: nothing has been needed yet.</summary>
    internal void Forget()
    {
        lock (_lock)
        {
            Volatile.Write(ref _state, new State(0, 0, null));
        }
    }

    /// <summary>It has answered.</summary>
    internal void Back()
    {
        if (!Now.IsLost)
        {
            return;
        }

        lock (_lock)
        {
            Volatile.Write(ref _state, _state with { LostAt = 0 });
        }
    }

    /// <summary>A moment.</summary>
    /// <param name="Losses">How often it was lost.</param>
    /// <param name="LostAt">Since when it is lost, in ticks of the stopwatch; 0 when it is not.</param>
    /// <param name="Problem">Why it was lost last; null when it never was.</param>
    internal sealed record State(int Losses, long LostAt, string? Problem)
    {
        /// <summary>Whether it is lost.</summary>
        internal bool IsLost => LostAt != 0;
    }
}
