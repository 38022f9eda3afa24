using LazyRestore.Restore.Tracing;
using Xunit;

namespace LazyRestore.Restore.Tests;

public sealed class ForcedMemoryTests : IDisposable
{
    private readonly OrphanProcess _sleep = OrphanProcess.Sleep();

    [Fact]
    public void ItWritesWhereTheProcessItselfMayNot()
    {
        OwnThread.Run(() =>
        {
            using FrozenProcess process = FrozenProcess.Freeze(_sleep.Id, CancellationToken.None);
            string code = File.ReadLines($"/proc/{_sleep.Id}/maps").First(line => line.Contains("r-xp") && line.EndsWith("/sleep"));
            long start = Convert.ToInt64(code.Split('-')[0], 16);
            byte[] before = new byte[64];
            ProcessMemory.Read(_sleep.Id, (ulong)start, before);

            using ForcedMemory memory = new(_sleep.Id);
            memory.Write(start, [1, 2, 3]);

            byte[] after = new byte[64];
            ProcessMemory.Read(_sleep.Id, (ulong)start, after);
            Assert.Equal([1, 2, 3, .. before[3..]], after);
        });
    }

    [Fact]
    public void AProcessThatIsGoneIsAnErrorAndNotAnEndlessLoop()
    {
        using ForcedMemory memory = new(_sleep.Id);
        _sleep.Dispose();
        OwnThread.Await(() => _sleep.HasExited);
        Assert.Throws<TraceeGoneException>(() => memory.Write(0x10000, [1]));
    }

    public void Dispose() => _sleep.Dispose();
}
