namespace LazyRestore.Agent.Costs;

/// <summary>Threads of this process that do nothing but run, so that changes of its page tables have to be told to their processors.</summary>
internal sealed class RunningThreads : IDisposable
{
    private readonly Thread[] _threads;
    private int _running;
    private volatile bool _ends;

    /// <summary>Starts them, and waits until each runs.</summary>
    internal RunningThreads(int count)
    {
        _threads = new Thread[count];
        for (int i = 0; i < count; i++)
        {
            _threads[i] = new Thread(Run) { Name = "running", IsBackground = true };
            _threads[i].Start();
        }

        while (Volatile.Read(ref _running) < count)
        {
            _ = Thread.Yield();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ends = true;
        Array.ForEach(_threads, static thread => thread.Join());
    }

    private void Run()
    {
        Interlocked.Increment(ref _running);
        while (!_ends)
        {
            Thread.SpinWait(100);
        }
    }
}
