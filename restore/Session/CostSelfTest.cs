using LazyRestore.Agent;
using LazyRestore.Agent.Costs;

namespace LazyRestore.Restore.Session;

/// <summary>
/// Measures what placing pages costs on this machine, for later restores, unless that is known since the last boot. It takes some
/// milliseconds of two processors, so it is done when nobody waits for memory.
/// </summary>
internal static class CostSelfTest
{
    /// <summary>Starts it on a thread of its own.</summary>
    /// <returns>The thread, which need not be waited for; null when there is nothing to measure, or nowhere to keep it.</returns>
    internal static Thread? StartIfUnknown()
    {
        if (CostCache.OfThisBoot() is not { } cache || cache.TryLoad() is not null)
        {
            return null;
        }

        Thread thread = new(() => Measure(cache)) { Name = "self-test", IsBackground = true };
        thread.Start();
        return thread;
    }

    private static void Measure(CostCache cache)
    {
        try
        {
            _ = cache.TryStore(CostMeasurement.Measure(MeasurementPlan.Quick));
        }
        catch (NativeException)
        {
            // Where it cannot be measured, restores do without.
        }
    }
}
