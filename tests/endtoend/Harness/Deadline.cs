using System.Diagnostics;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>Waiting for a condition, never for time alone.</summary>
internal static class Deadline
{
    /// <summary>How long anything may take on a busy machine.</summary>
    internal static readonly TimeSpan Usual = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(3);

    /// <summary>Waits until <paramref name="condition"/> holds.</summary>
    /// <exception cref="TimeoutException">It did not hold in time; the message names <paramref name="what"/>.</exception>
    internal static Task Until(Func<bool> condition, string what, TimeSpan? patience = null) => Until(condition, () => what, patience);

    /// <summary>Waits until <paramref name="condition"/> holds; <paramref name="what"/> is asked when it did not.</summary>
    internal static async Task Until(Func<bool> condition, Func<string> what, TimeSpan? patience = null)
    {
        TimeSpan limit = patience ?? Usual;
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > limit)
            {
                throw new TimeoutException($"after {limit.TotalSeconds} s still waiting: {what()}");
            }

            await Task.Delay(s_pause);
        }
    }
}
