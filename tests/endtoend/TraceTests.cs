using System.Text.RegularExpressions;
using LazyRestore.EndToEnd.Tests.Harness;
using Xunit;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>How a restore looks from outside: what it tells, and that it leaves nothing in the process.</summary>
public sealed partial class TraceTests
{
    [Theory]
    [InlineData("memory")]
    [InlineData("threads")]
    [InlineData("vmaflags")]
    [InlineData("ballast")]
    public async Task Nothing_of_the_restorer_stays_in_a_process_whose_memory_has_arrived(string program)
    {
        using Scene scene = new();
        Target target = await scene.StartTarget(program);
        string[] maps = Mappings(target.Pid);
        string[] descriptors = ProcEntry.Descriptors(target.Pid);
        string threads = ProcEntry.Status(target.Pid, "Threads");
        await scene.Dump(target.Process);

        int pid = await scene.RestoreDetached();
        await Deadline.Until(() => Mappings(pid).SequenceEqual(maps), () => Difference(maps, Mappings(pid)));

        Assert.Equal(threads, ProcEntry.Status(pid, "Threads"));
        Assert.Equal("0", ProcEntry.Status(pid, "TracerPid"));
        Assert.Equal(descriptors, ProcEntry.Descriptors(pid).Where(name => !name.Contains("/beats", StringComparison.Ordinal) || descriptors.Contains(name)));
        Assert.DoesNotContain(" um ", ProcEntry.Text(pid, "smaps"));
        target.Go();
        await target.ExpectOk();
    }

    [Fact]
    public async Task A_restore_in_the_foreground_ends_as_the_process_does()
    {
        using Scene scene = new();
        Target target = await scene.StartTarget("ballast", "8");
        await scene.Dump(target.Process);
        Restored restored = await scene.Restore(RestoreMode.Lazy);

        _ = Interop.kill(restored.Pid, Interop.SIGTERM);

        Assert.Equal(128 + Interop.SIGTERM, await restored.Tool.Exit());
    }

    [Fact]
    public async Task A_detached_restore_prints_the_pid_and_its_file_and_status_byte_appear()
    {
        using Scene scene = new();
        Target target = await scene.StartTarget("ballast", "8");
        await scene.Dump(target.Process);

        RunningProcess tool = scene.Start(
            "/usr/bin/bash", "-c", "exec 7>\"$3\"; exec \"$1\" restore \"$2\" -d --pidfile \"$4\" --status-fd 7", "bash",
            LazyRestoreBinary.Path, scene.Image, scene.In("status"), scene.In("pid"));

        Assert.Equal(0, await tool.Exit());
        Assert.Equal($"{target.Pid}\n", tool.Output);
        scene.Adopt(target.Pid);
        Assert.Equal($"{target.Pid}\n", File.ReadAllText(scene.In("pid")));
        Assert.Equal([0], File.ReadAllBytes(scene.In("status")));
        target.Go();
        await target.ExpectOk();
    }

    [Fact]
    public async Task An_image_is_private_and_every_section_of_it_can_be_looked_at()
    {
        using Scene scene = new();
        Target target = await scene.StartTarget("threads");
        await scene.DumpAndLeave(target.Process);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(scene.Image));
        foreach (string section in (string[])["summary", "processes", "maps", "threads", "files", "pages", "verify"])
        {
            RunningProcess tool = await scene.Tool(0, "inspect", scene.Image, section);
            Assert.NotEmpty(tool.Output);
        }

        await scene.Tool(0, "check");
        await scene.Tool(2, "restore", scene.Image, "--no-such-option");
    }

    // What can differ for good reasons is left out: the size of the stack, which a system call may have grown.
    private static string[] Mappings(int pid) =>
        [.. ProcEntry.Text(pid, "maps").Split('\n').Where(line => !line.EndsWith("[stack]", StringComparison.Ordinal)).Select(line => Blanks().Replace(line, " "))];

    private static string Difference(string[] expected, string[] found) =>
        $"mappings as before; missing:\n{string.Join('\n', expected.Except(found))}\nnew:\n{string.Join('\n', found.Except(expected))}";

    [GeneratedRegex(" +")]
    private static partial Regex Blanks();
}
