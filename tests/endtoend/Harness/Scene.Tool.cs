using Xunit;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>The program under test.</summary>
internal sealed partial class Scene
{
    /// <summary>Starts lazyrestore.</summary>
    internal RunningProcess StartTool(params string[] arguments) => Start([LazyRestoreBinary.Path, .. arguments]);

    /// <summary>Runs lazyrestore to its end and expects an exit code.</summary>
    internal async Task<RunningProcess> Tool(int expected, params string[] arguments)
    {
        RunningProcess tool = StartTool(arguments);
        int code = await tool.Exit();
        Assert.True(
            code == expected,
            $"lazyrestore {string.Join(' ', arguments)} ended with {code} instead of {expected}:\n{tool.Errors}{tool.Output}");
        return tool;
    }

    /// <summary>Checkpoints a process, which is gone afterwards.</summary>
    internal async Task Dump(RunningProcess process, params string[] options)
    {
        await Tool(0, ["dump", $"{process.Id}", "-o", Image, .. options]);
        Assert.Equal(128 + Interop.SIGKILL, await process.Exit());
    }

    /// <summary>Checkpoints a process, which goes on.</summary>
    internal Task<RunningProcess> DumpAndLeave(RunningProcess process, params string[] options) =>
        Tool(0, ["dump", $"{process.Id}", "-R", "-o", Image, .. options]);

    /// <summary>Restores in the foreground and returns once the process runs.</summary>
    internal async Task<Restored> Restore(RestoreMode mode, params string[] options)
    {
        string pidFile = In($"restored-{_runs}.pid");
        string[] how = mode switch
        {
            RestoreMode.Eager => ["--eager"],
            RestoreMode.DemandOnly => ["--prefetch", "none"],
            _ => [],
        };
        RunningProcess tool = StartTool(["restore", Image, "--pidfile", pidFile, .. how, .. options]);
        await Deadline.Until(() => File.Exists(pidFile) || tool.HasExited, "the restored process to run");
        Assert.True(File.Exists(pidFile), $"restore ended with {(tool.HasExited ? tool.ExitCode : 0)}:\n{tool.Errors}");
        int pid = int.Parse(File.ReadAllText(pidFile));
        Adopt(pid);
        return new Restored(tool, pid);
    }

    /// <summary>Restores in the background.</summary>
    /// <returns>The PID.</returns>
    internal async Task<int> RestoreDetached(params string[] options)
    {
        RunningProcess tool = await Tool(0, ["restore", Image, "-d", .. options]);
        int pid = int.Parse(tool.Output);
        Adopt(pid);
        return pid;
    }

    /// <summary>Expects that neither the image nor a part of it lies in the test's folder.</summary>
    internal void ExpectNoImage() => Assert.Empty(Directory.GetFiles(Folder, "*ckpt*"));
}
