using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Tracing;
using Xunit;

namespace LazyRestore.Restore.Tests;

public sealed class RemoteRunnerTests : IDisposable
{
    private readonly OrphanProcess _sleep = OrphanProcess.Sleep();

    [Fact]
    public void RunsAProgramInsideAProcessAndLeavesItAsItWas()
    {
        string before = MapsWhenAsleep();
        OwnThread.Run(() =>
        {
            using FrozenProcess process = FrozenProcess.Freeze(_sleep.Id, CancellationToken.None);
            using RemoteRunner runner = RemoteRunner.Install(process);
            var program = new SystemCallProgram();
            CallResultRef pid = program.Call(SystemCall.getpid);
            CallResultRef same = program.Call(SystemCall.umask, pid);
            CallResultRef back = program.Call(SystemCall.umask, same);
            DataRef timer = program.Reserve(32);
            program.Try(SystemCall.getitimer, 0, timer);
            CallResultRef fails = program.Try(SystemCall.close, 999);

            ProgramResult result = runner.Run(process.Leader, program);

            Assert.Equal(_sleep.Id, result[pid]);
            Assert.Equal(_sleep.Id & 0x1ff, result[back]);
            Assert.Equal(-9, result[fails]);
        });
        Assert.Equal(before, MapsWhenAsleep());
        Assert.False(_sleep.HasExited);
    }

    [Fact]
    public void StopsAtTheFirstCallThatHadToSucceedAndNamesIt()
    {
        OwnThread.Run(() =>
        {
            using FrozenProcess process = FrozenProcess.Freeze(_sleep.Id, CancellationToken.None);
            using RemoteRunner runner = RemoteRunner.Install(process);
            var program = new SystemCallProgram();
            program.About("/nowhere").Call(SystemCall.openat, -100, program.Text("/nowhere"), 0);
            program.Call(SystemCall.exit_group, 1);

            Agent.NativeException error = Assert.Throws<Agent.NativeException>(() => runner.Run(process.Leader, program));

            Assert.Equal(2, error.Errno);
            Assert.Contains("/nowhere", error.Message);
        });
        MapsWhenAsleep();
    }

    public void Dispose()
    {
        _sleep.Dispose();
    }

    private string MapsWhenAsleep()
    {
        OwnThread.Await(() => File.ReadAllText($"/proc/{_sleep.Id}/syscall") is var call
            && (call.StartsWith("230 ", StringComparison.Ordinal) || call.StartsWith("219 ", StringComparison.Ordinal)));
        return File.ReadAllText($"/proc/{_sleep.Id}/maps");
    }
}
