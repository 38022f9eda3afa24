using LazyRestore.EndToEnd.Tests.Harness;
using Xunit;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>A dump that does not succeed leaves the process running and nothing else.</summary>
public sealed class FailedDumpTests
{
    [Fact]
    public async Task An_interrupted_dump_leaves_the_process_running_and_no_image()
    {
        using Scene scene = new();
        Target target = await scene.StartTarget("ballast", "192");
        RunningProcess tool = scene.StartTool("dump", $"{target.Pid}", "-o", scene.Image, "--compress", "zstd");
        await Deadline.Until(
            () => ProcEntry.Status(target.Pid, "TracerPid") == $"{tool.Id}" && Directory.GetFiles(scene.Folder, "*.ckpt*").Length > 0,
            "the dump to have begun writing");

        tool.Signal(Interop.SIGINT);

        Assert.Equal(130, await tool.Exit());
        await GoesOn(scene, target);
    }

    [Fact]
    public async Task A_full_disk_leaves_the_process_running_and_no_image()
    {
        using Scene scene = new();
        Target target = await scene.StartTarget("ballast", "32");
        using SmallDisk disk = SmallDisk.Mount(scene.In("disk"), "8m");
        scene.Image = Path.Combine(disk.Folder, "image.ckpt");

        RunningProcess tool = await scene.Tool(1, "dump", $"{target.Pid}", "-o", scene.Image);

        Assert.Contains("space", tool.Errors);
        Assert.Empty(Directory.GetFileSystemEntries(disk.Folder));
        await GoesOn(scene, target);
    }

    [Fact]
    public async Task A_tool_that_is_killed_leaves_the_process_running_and_no_image_of_that_name()
    {
        using Scene scene = new();
        Target target = await scene.StartTarget("ballast", "192");
        RunningProcess tool = scene.StartTool("dump", $"{target.Pid}", "-o", scene.Image, "--compress", "zstd");
        await Deadline.Until(() => ProcEntry.Status(target.Pid, "TracerPid") == $"{tool.Id}", "the dump to have begun");

        tool.Signal(Interop.SIGKILL);

        await tool.Exit();
        Assert.False(File.Exists(scene.Image));
        target.Go();
        await target.ExpectOk();
    }

    [Fact]
    public async Task An_image_of_that_name_survives_a_dump_that_fails()
    {
        using Scene scene = new();
        Target target = await scene.StartTarget("refused", "tcp");
        File.WriteAllText(scene.Image, "precious");

        await scene.Tool(3, "dump", $"{target.Pid}", "-o", scene.Image);

        Assert.Equal("precious", File.ReadAllText(scene.Image));
    }

    [Fact]
    public async Task A_process_that_does_not_exist_is_named()
    {
        using Scene scene = new();
        RunningProcess ended = scene.Start("/usr/bin/true");
        await ended.Exit();

        RunningProcess tool = await scene.Tool(1, "dump", $"{ended.Id}", "-o", scene.Image);

        Assert.Contains($"{ended.Id}", tool.Errors);
        scene.ExpectNoImage();
    }

    [Fact]
    public async Task A_process_that_is_left_running_can_be_saved_again_and_again()
    {
        using Scene scene = new();
        Target target = await scene.StartTarget("threads");

        for (int i = 0; i < 5; i++)
        {
            await scene.DumpAndLeave(target.Process);
        }

        await scene.Tool(0, "inspect", scene.Image, "verify");
        target.Go();
        await target.ExpectOk();
    }

    private static async Task GoesOn(Scene scene, Target target)
    {
        scene.ExpectNoImage();
        Assert.Equal("0", ProcEntry.Status(target.Pid, "TracerPid"));
        string beats = File.ReadAllText(target.In("beats"));
        await Deadline.Until(() => File.ReadAllText(target.In("beats")) != beats, "the process goes on counting");
        target.Go();
        await target.ExpectOk();
        Assert.Equal(0, await target.Process.Exit());
    }
}
