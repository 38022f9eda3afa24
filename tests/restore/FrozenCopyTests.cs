using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Tracing;
using Xunit;

namespace LazyRestore.Restore.Tests;

public sealed class FrozenCopyTests : IDisposable
{
    private readonly OrphanProcess _sleep = OrphanProcess.Sleep();

    [Fact]
    public void ItHoldsTheSameMemoryAndNothingElse()
    {
        OwnThread.Run(() =>
        {
            using FrozenProcess process = FrozenProcess.Freeze(_sleep.Id, CancellationToken.None);
            string maps = Proc(_sleep.Id, "maps");
            using FrozenCopy copy = FrozenCopy.Create(process);
            Assert.Equal(maps, Proc(_sleep.Id, "maps"));
            process.Thaw();

            Assert.Equal(maps, Proc(copy.Pid, "maps"));
            Assert.Empty(Directory.EnumerateFileSystemEntries($"/proc/{copy.Pid}/fd"));
            Assert.Equal("lazyrestore-cp\n", Proc(copy.Pid, "comm"));
            Assert.Equal("1000\n", Proc(copy.Pid, "oom_score_adj"));
            ulong stack = Convert.ToUInt64(maps.Split('\n').Single(line => line.EndsWith("[stack]")).Split('-', ' ')[1], 16) - 4096;
            byte[] mine = new byte[4096];
            byte[] theirs = new byte[4096];
            ProcessMemory.Read(copy.Pid, stack, mine);
            ProcessMemory.Read(_sleep.Id, stack, theirs);
            Assert.True(mine.AsSpan().ContainsAnyExcept((byte)0) && mine.AsSpan().SequenceEqual(theirs));
            copy.Unmap(stack, 4096);
            Assert.ThrowsAny<LazyRestoreException>(() => ProcessMemory.Read(copy.Pid, stack, mine));
            copy.ThrowIfGone();
        });
        Assert.False(_sleep.HasExited);
    }

    [Fact]
    public void ItIsNoChildOfTheProcessAndLeavesNothingBehind()
    {
        OwnThread.Run(() =>
        {
            using FrozenProcess process = FrozenProcess.Freeze(_sleep.Id, CancellationToken.None);
            using FrozenCopy copy = FrozenCopy.Create(process);
            Assert.Empty(Proc(_sleep.Id, $"task/{_sleep.Id}/children"));
            Assert.DoesNotContain($"PPid:\t{_sleep.Id}\n", Proc(copy.Pid, "status"));
            copy.Dispose();
            Assert.False(copy.IsAlive);
            OwnThread.Await(() => !Directory.Exists($"/proc/{copy.Pid}"));
        });
    }

    [Fact]
    public void ItsEndFromOutsideIsSeen()
    {
        OwnThread.Run(() =>
        {
            using FrozenProcess process = FrozenProcess.Freeze(_sleep.Id, CancellationToken.None);
            using FrozenCopy copy = FrozenCopy.Create(process);
            Assert.True(copy.IsAlive);
            System.Diagnostics.Process.GetProcessById(copy.Pid).Kill();
            OwnThread.Await(() => !copy.IsAlive);
            LazyRestoreException error = Assert.Throws<LazyRestoreException>(copy.ThrowIfGone);
            Assert.Contains($"{copy.Pid}", error.Message);
            Assert.Contains("--snapshot", error.Remedy);
        });
    }

    [Fact]
    public void ABranchIsPrintedWithTheCallThatOpensIt()
    {
        var program = new SystemCallProgram().About("a task");
        program.Branch(() => program.Call(SystemCall.clone3, 0, 88), () => program.Try(SystemCall.exit_group, 0));
        program.Call(SystemCall.getpid);

        Assert.Equal([1, 0, 0], program.Calls.Select(call => call.Branch));
        Assert.StartsWith("#0 clone3(0, 88) for a task, the next 1 in the task it creates\n#1 exit_group(0) may fail", program.ToString());
        Assert.Throws<ArgumentOutOfRangeException>(
            () => program.Branch(() => program.Call(SystemCall.clone3, 0, 88), () => program.Call(SystemCall.exit_group, 0)));
    }

    public void Dispose() => _sleep.Dispose();

    private static string Proc(int pid, string entry) => File.ReadAllText($"/proc/{pid}/{entry}");
}
