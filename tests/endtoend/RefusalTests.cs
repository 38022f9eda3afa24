using LazyRestore.EndToEnd.Tests.Harness;
using Xunit;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>What cannot be saved is refused by name; the process goes on untouched, and no image is left.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData("tcp", "TCP connection")]
    [InlineData("unix", "socket")]
    [InlineData("pipe", "pipe")]
    [InlineData("inotify", "inotify")]
    [InlineData("io_uring", "io_uring")]
    [InlineData("child", "child process")]
    [InlineData("zombie", "child process")]
    [InlineData("seccomp", "seccomp")]
    [InlineData("netlink", "socket")]
    [InlineData("packet", "socket")]
    [InlineData("userfaultfd", "userfaultfd")]
    [InlineData("pidfd", "pidfd")]
    [InlineData("fanotify", "fanotify")]
    [InlineData("fifo", "named pipe")]
    [InlineData("lock", "lock")]
    [InlineData("terminal", "terminal")]
    public async Task What_cannot_be_saved_is_named_and_the_process_goes_on(string kind, string named)
    {
        using Scene scene = new();
        Target target = await scene.StartTarget("refused", kind);

        RunningProcess tool = await scene.Tool(3, "dump", $"{target.Pid}", "-o", scene.Image);

        Assert.Contains(named, tool.Errors);
        int descriptor = int.Parse(File.ReadAllText(target.In("descriptor")));
        if (descriptor >= 0)
        {
            Assert.Contains($"descriptor {descriptor}", tool.Errors);
        }

        scene.ExpectNoImage();
        Assert.Equal("0", ProcEntry.Status(target.Pid, "TracerPid"));
        target.Go();
        await target.ExpectOk();
        Assert.Equal(0, await target.Process.Exit());
    }
}
