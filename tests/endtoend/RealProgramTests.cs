using System.Diagnostics;
using LazyRestore.EndToEnd.Tests.Harness;
using Xunit;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>Programs from the distribution.</summary>
public sealed class RealProgramTests
{
    [Theory]
    [InlineData(RestoreMode.Lazy)]
    [InlineData(RestoreMode.Eager)]
    public async Task Sleep_sleeps_on_for_the_rest_of_its_time(RestoreMode mode)
    {
        using Scene scene = new();
        long start = Stopwatch.GetTimestamp();
        RunningProcess sleep = scene.Start("/usr/bin/sleep", "4");
        await Deadline.Until(() => ProcEntry.Text(sleep.Id, "syscall").StartsWith("230 ", StringComparison.Ordinal), "sleep sleeps");

        await scene.Dump(sleep);
        Restored restored = await scene.Restore(mode);

        Assert.Equal(0, await restored.Tool.Exit());
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromSeconds(4), "sleep ended early");
    }

    [Theory]
    [InlineData(RestoreMode.Lazy)]
    [InlineData(RestoreMode.DemandOnly)]
    [InlineData(RestoreMode.Eager)]
    public async Task A_python_server_keeps_its_objects_and_threads(RestoreMode mode)
    {
        using Scene scene = new();
        Target server = await scene.StartScript("/usr/bin/python3", "http_server.py", "40000");
        int port = int.Parse(File.ReadAllText(server.In("ready")));
        string digest = await Web.Ask(port, "digest");
        Assert.Equal("added", await Web.Ask(port, "add/mine/value"));
        await Deadline.Until(() => ProcEntry.Status(server.Pid, "Threads") is "2", "the server has answered everything");

        await scene.Dump(server.Process);
        Restored restored = await scene.Restore(mode);

        Assert.Equal("value", await Web.Ask(port, "get/mine"));
        Assert.Equal(digest, await Web.Ask(port, "digest"));
        Assert.Equal("True", await Web.Ask(port, "collect"));
        Assert.Equal("added", await Web.Ask(port, "add/other/second"));
        Assert.Equal("40002 6", await Web.Ask(port, "count"));
        int ticks = int.Parse(await Web.Ask(port, "ticks"));
        int later = ticks;
        await Deadline.Until(() => (later = int.Parse(Web.Ask(port, "ticks").Result)) > ticks, "the other thread ticks on");
        Assert.False(restored.Tool.HasExited);
    }

    [Theory]
    [InlineData(RestoreMode.Lazy)]
    [InlineData(RestoreMode.Eager)]
    public async Task Perl_keeps_its_table(RestoreMode mode)
    {
        using Scene scene = new();
        Target counter = await scene.StartScript("/usr/bin/perl", "counter.pl");

        await scene.Dump(counter.Process);
        Restored restored = await scene.Restore(mode);
        counter.Go();

        await counter.ExpectOk();
        Assert.Equal(0, await restored.Tool.Exit());
    }

    [Theory]
    [InlineData(RestoreMode.Lazy)]
    [InlineData(RestoreMode.Eager)]
    public async Task Bash_keeps_its_variables_and_its_traps(RestoreMode mode)
    {
        using Scene scene = new();
        Target loop = await scene.StartScript("/usr/bin/bash", "loop.bash", "yes");

        await scene.Dump(loop.Process);
        Restored restored = await scene.Restore(mode);
        _ = Interop.kill(restored.Pid, Interop.SIGUSR1);
        loop.Go();

        await loop.ExpectOk();
        Assert.Equal(0, await restored.Tool.Exit());
    }
}
