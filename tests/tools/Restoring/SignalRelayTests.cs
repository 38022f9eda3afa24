using System.Diagnostics;
using LazyRestore.Tools.Restoring;

namespace LazyRestore.Tools.Tests.Restoring;

/// <summary>Whom a signal is for.</summary>
public sealed class SignalRelayTests
{
    private const int SIGUSR1 = 10;

    [Fact]
    public void FirstTheRestoreThenTheProcess()
    {
        using SignalRelay relay = new();
        Assert.Equal(0, Interop.kill(Environment.ProcessId, SIGUSR1));
        Assert.True(relay.Interrupted.WaitHandle.WaitOne(TimeSpan.FromSeconds(20)));

        using Process process = Process.Start("sleep", "1000");
        try
        {
            relay.RelayTo(process.Id);
            Assert.Equal(0, Interop.kill(Environment.ProcessId, SIGUSR1));
            Assert.True(process.WaitForExit(TimeSpan.FromSeconds(20)));
            Assert.Equal(128 + SIGUSR1, process.ExitCode);
        }
        finally
        {
            process.Kill();
        }
    }
}
