namespace LazyRestore.Agent.Sources.Remote;

/// <summary>
/// The buffers of a page source, which bound its memory. The agent thread gives them to extents; one that requests fill, or whose pages the agent
/// thread has had no opportunity to use, stays with its extent.
/// </summary>
internal sealed class ExtentBuffers(ArrivalSignal signal) : IDisposable
{
    /// <summary>How many there are, 2 MiB each.</summary>
    internal const int Count = 48;

    private readonly ExtentBuffer?[] _buffers = new ExtentBuffer?[Count];
    private readonly Dictionary<int, ExtentBuffer> _byExtent = [];
    private long _uses;
    private bool _isLacking;

    /// <summary>The buffer of an extent, or null.</summary>
    internal ExtentBuffer? Find(int extent)
    {
        if (!_byExtent.TryGetValue(extent, out ExtentBuffer? buffer))
        {
            return null;
        }

        buffer.LastUse = ++_uses;
        return buffer;
    }

    /// <summary>Gives an extent a buffer; null when there is none to give, and then <see cref="Release"/> tells when it may be tried again.</summary>
    internal ExtentBuffer? TryTake(int extent)
    {
        if (Take(extent) is { } taken)
        {
            return taken;
        }

        Volatile.Write(ref _isLacking, true);
        Interlocked.MemoryBarrier();
        return Take(extent);
    }

    /// <summary>A request that filled a buffer has ended, and no longer counts.</summary>
    /// <returns>Whether somebody waits for a buffer.</returns>
    internal bool Release()
    {
        Interlocked.MemoryBarrier();
        bool isLacking = Volatile.Read(ref _isLacking);
        Volatile.Write(ref _isLacking, false);
        return isLacking;
    }

    /// <summary>Frees them; answers to what was asked elsewhere as well are given up a moment after their requests.</summary>
    public void Dispose()
    {
        SpinWait.SpinUntil(() => Array.TrueForAll(_buffers, static buffer => buffer is null or { InFlight: 0 }));
        foreach (ExtentBuffer? buffer in _buffers)
        {
            buffer?.Dispose();
        }
    }

    // What arrived since the agent thread looked last is not given up before it had an opportunity to use it.
    private ExtentBuffer? Take(int extent)
    {
        ExtentBuffer? oldest = null;
        ExtentBuffer? oldestOfAll = null;
        bool anyInFlight = false;
        for (int place = 0; place < Count; place++)
        {
            if (_buffers[place] is not { } buffer)
            {
                oldest = oldestOfAll = _buffers[place] = new ExtentBuffer();
                break;
            }

            if (buffer.InFlight > 0)
            {
                anyInFlight = true;
                continue;
            }

            oldestOfAll = oldestOfAll is null || buffer.LastUse < oldestOfAll.LastUse ? buffer : oldestOfAll;
            if (signal.Taken - buffer.LastArrival > 1)
            {
                oldest = oldest is null || buffer.LastUse < oldest.LastUse ? buffer : oldest;
            }
        }

        ExtentBuffer? taken = oldest ?? (anyInFlight ? null : oldestOfAll);
        if (taken is not null)
        {
            _ = _byExtent.Remove(taken.Extent);
            taken.Reset(extent);
            taken.LastUse = ++_uses;
            _byExtent[extent] = taken;
        }

        return taken;
    }
}
