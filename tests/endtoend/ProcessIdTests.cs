using LazyRestore.EndToEnd.Tests.Harness;
using Xunit;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>The PID of a restored process: the old one, unless someone has it.</summary>
public sealed class ProcessIdTests
{
    [Fact]
    public async Task A_pid_that_is_taken_is_refused_and_a_new_one_can_be_had()
    {
        using Scene scene = new();
        Target target = await scene.StartTarget("ballast", "8");
        await scene.DumpAndLeave(target.Process);

        RunningProcess refused = await scene.Tool(3, "restore", scene.Image);
        Assert.Contains($"{target.Pid}", refused.Errors);
        Assert.Contains("--new-pid", refused.Errors);

        Restored twin = await scene.Restore(RestoreMode.Lazy, "--new-pid");
        Assert.NotEqual(target.Pid, twin.Pid);
        Assert.True(ProcEntry.IsAlive(target.Pid));
        target.Go();
        Assert.Equal(0, await twin.Tool.Exit());
        Assert.Equal(0, await target.Process.Exit());
        Assert.Equal("ok\nok\n", target.Log);
    }

    [Fact]
    public async Task One_image_can_be_restored_many_times_at_once()
    {
        using Scene scene = new();
        Target target = await scene.StartTarget("ballast", "16");
        await scene.Dump(target.Process);

        Restored[] twins =
        [
            await scene.Restore(RestoreMode.Lazy, "--new-pid"),
            await scene.Restore(RestoreMode.DemandOnly, "--new-pid"),
            await scene.Restore(RestoreMode.Eager, "--new-pid"),
        ];
        target.Go();

        foreach (Restored twin in twins)
        {
            Assert.Equal(0, await twin.Tool.Exit());
        }

        Assert.Equal("ok\nok\nok\n", target.Log);
    }

    [Fact]
    public async Task A_restored_process_can_be_saved_and_restored_again()
    {
        using Scene scene = new();
        Target target = await scene.StartTarget("ballast", "16");
        await scene.Dump(target.Process);
        Restored first = await scene.Restore(RestoreMode.Eager);

        await scene.Tool(0, "dump", $"{first.Pid}", "-o", scene.Image);
        Assert.Equal(128 + Interop.SIGKILL, await first.Tool.Exit());
        Restored second = await scene.Restore(RestoreMode.Lazy);
        target.Go();

        await target.ExpectOk();
        Assert.Equal(0, await second.Tool.Exit());
    }
}
