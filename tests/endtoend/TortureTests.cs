using LazyRestore.EndToEnd.Tests.Harness;
using Xunit;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>
/// Threads that touch, drop, move, protect and fork their memory at random while it arrives, and compare each byte with a model.
/// </summary>
public sealed class TortureTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    [Theory]
    [InlineData(1, RestoreMode.Lazy)]
    [InlineData(2, RestoreMode.Lazy)]
    [InlineData(3, RestoreMode.DemandOnly)]
    [InlineData(4, RestoreMode.Eager)]
    public async Task Memory_is_right_whatever_the_process_does_with_it(int seed, RestoreMode mode)
    {
        using Scene scene = new();
        Target target = await scene.StartTarget("torture", $"{seed}", "1500");

        await scene.Dump(target.Process);
        Restored restored = await scene.Restore(mode);
        target.Go();

        await target.ExpectOk(s_patience);
        Assert.Equal(0, await restored.Tool.Exit());
    }
}
