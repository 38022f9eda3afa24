using Xunit;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>A program that checks its own state when it is told to go on; tests/targets/target.h says how the two talk.</summary>
internal sealed class Target(RunningProcess process, string folder)
{
    /// <summary>The process as it was started.</summary>
    internal RunningProcess Process => process;

    /// <summary>The PID.</summary>
    internal int Pid => process.Id;

    /// <summary>Whether its state is set up.</summary>
    internal bool IsReady => File.Exists(In("ready"));

    /// <summary>The differences it found, and the verdict.</summary>
    internal string Log => File.Exists(In("log")) ? File.ReadAllText(In("log")) : "";

    /// <summary>A path in the target's own folder.</summary>
    internal string In(string name) => Path.Combine(folder, name);

    /// <summary>Lets it check its state.</summary>
    internal void Go() => File.WriteAllText(In("go"), "");

    /// <summary>Waits for the verdict.</summary>
    internal async Task ExpectOk(TimeSpan? patience = null)
    {
        await Deadline.Until(() => HasVerdict(Log), () => $"the verdict of process {Pid}; so far: {Log}", patience);
        Assert.Equal("ok\n", Log);
    }

    private static bool HasVerdict(string log) => log.EndsWith("ok\n", StringComparison.Ordinal) || log.EndsWith("failed\n", StringComparison.Ordinal);
}
