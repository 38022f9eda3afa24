using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>Tells the agent thread, by an eventfd that it can wait for, that something has arrived.</summary>
internal sealed unsafe class ArrivalSignal : IDisposable
{
    private int _isAnnounced;
    private long _taken;

    internal ArrivalSignal()
    {
        Descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (Descriptor < 0)
        {
            throw new NativeException("eventfd", errno, "of the page source");
        }
    }

    /// <summary>The eventfd.</summary>
    internal int Descriptor { get; }

    /// <summary>How many announcements the agent thread has taken.</summary>
    internal long Taken => Interlocked.Read(ref _taken);

    /// <summary>Something has arrived. May be called from any thread.</summary>
    internal void Announce()
    {
        if (Interlocked.Exchange(ref _isAnnounced, 1) == 0)
        {
            ulong one = 1;
            _ = write(Descriptor, &one, sizeof(ulong));
        }
    }

    /// <summary>Whether something has arrived since this was called last.</summary>
    internal bool Take()
    {
        if (Volatile.Read(ref _isAnnounced) == 0)
        {
            return false;
        }

        ulong count;
        _ = read(Descriptor, &count, sizeof(ulong));
        Volatile.Write(ref _isAnnounced, 0);
        Interlocked.MemoryBarrier();
        _ = Interlocked.Increment(ref _taken);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _ = close(Descriptor);
}
