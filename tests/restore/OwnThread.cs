using System.Diagnostics;
using Xunit;

namespace LazyRestore.Restore.Tests;

/// <summary>Runs what has to stay on one OS thread: whoever traces a process.</summary>
internal static class OwnThread
{
    internal static void Run(Action action)
    {
        Exception? error = null;
        var thread = new Thread(() => error = Record.Exception(action));
        thread.Start();
        thread.Join();
        if (error != null)
        {
            throw new AggregateException(error);
        }
    }

    /// <summary>Waits for a condition that comes to be by itself.</summary>
    internal static void Await(Func<bool> condition)
    {
        long deadline = Stopwatch.GetTimestamp() + (10 * Stopwatch.Frequency);
        while (!condition())
        {
            Assert.True(Stopwatch.GetTimestamp() < deadline, "waited for too long");
            Thread.Yield();
        }
    }
}
