using System.Diagnostics;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>Waits for a condition, never for a time.</summary>
internal static class Deadline
{
    /// <summary>Long enough for the slowest machine; reached only when something is wrong.</summary>
    internal static readonly TimeSpan Usual = TimeSpan.FromSeconds(30);

    internal static void Await(string what, Func<bool> condition, Func<string>? describe = null, TimeSpan? within = null)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!condition())
        {
            if (watch.Elapsed > (within ?? Usual))
            {
                Assert.Fail($"{what}: not within {(within ?? Usual).TotalSeconds} s\n{describe?.Invoke()}");
            }

            Thread.Sleep(2);
        }
    }
}
