using LazyRestore.EndToEnd.Tests.Harness;
using Xunit;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>Programs that set every kind of state up and find it unchanged.</summary>
public sealed class TargetTests
{
    public static MatrixTheoryData<string, RestoreMode> Everything => new MatrixTheoryData<string, RestoreMode>(
        [
            "ballast 48", "ballast 32 watch", "blocked", "events", "files", "identity", "identity user", "layout last argument", "memory",
            "registers", "signals", "sockets", "threads", "timers", "vmaflags",
        ],
        [RestoreMode.Lazy, RestoreMode.Eager]);

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task A_restored_program_finds_its_state_as_it_was(string command, RestoreMode mode)
    {
        using Scene scene = new();
        string[] words = command is "layout last argument" ? ["layout", "last argument"] : command.Split(' ');
        Target target = await scene.StartTarget(words[0], words[1..]);

        await scene.Dump(target.Process);
        Restored restored = await scene.Restore(mode);
        target.Go();

        await target.ExpectOk();
        Assert.Equal(target.Pid, restored.Pid);
        Assert.Equal(0, await restored.Tool.Exit());
    }
}
