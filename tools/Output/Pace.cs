namespace LazyRestore.Tools.Output;

/// <summary>Lets something happen at most once in a while. Owned by one thread.</summary>
internal sealed class Pace(TimeProvider time, TimeSpan interval)
{
    private long? _last;

    /// <summary>Whether it is time again.</summary>
    public bool IsDue()
    {
        long now = time.GetTimestamp();
        if (_last is { } last && time.GetElapsedTime(last, now) < interval)
        {
            return false;
        }

        _last = now;
        return true;
    }
}
