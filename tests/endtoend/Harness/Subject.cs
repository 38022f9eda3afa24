using System.Globalization;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>How a restore brings memory back.</summary>
public enum Mode
{
    /// <summary>On demand and in the background.</summary>
    Lazy,

    /// <summary>Only when it is touched.</summary>
    Demand,

    /// <summary>All of it before the process runs.</summary>
    Eager,
}

/// <summary>A process that a test checkpoints and restores, with a directory and an image of its own.</summary>
internal sealed class Subject : IDisposable
{
    private readonly RunningProcess _original;
    private readonly LazyRestoreBinary _tool;
    private readonly List<RunningProcess> _restores = [];

    private Subject(LazyRestoreBinary tool, Scratch scratch, RunningProcess original)
    {
        _tool = tool;
        Scratch = scratch;
        _original = original;
        Pid = original.Pid;
    }

    internal Scratch Scratch { get; }

    /// <summary>The process as it is now; another one after a restore with a new PID.</summary>
    internal int Pid { get; private set; }

    internal string Image => Scratch.File("image.ckpt");

    internal string Log => Scratch.Text("log");

    /// <summary>Starts a C program of tests/targets and waits until its state is set up.</summary>
    internal static Subject StartTarget(string name, params IEnumerable<string> arguments) =>
        StartTarget(LazyRestoreBinary.Native, TargetProgram.Compile(name), arguments);

    internal static Subject StartTarget(LazyRestoreBinary tool, string program, params IEnumerable<string> arguments) =>
        Start(tool, folder => [program, folder, .. arguments]);

    /// <summary>Starts a program that creates the file "ready" in its directory when a checkpoint may be taken.</summary>
    internal static Subject Start(LazyRestoreBinary tool, Func<string, IEnumerable<string>> command)
    {
        Subject subject = StartUnready(tool, command);
        subject.Await("the program is ready", () => File.Exists(subject.Scratch.File("ready")) || subject._original.HasExited);
        Assert.False(subject._original.HasExited, $"the program ended before it was ready\n{subject.Describe()}");
        return subject;
    }

    internal static Subject StartUnready(LazyRestoreBinary tool, Func<string, IEnumerable<string>> command)
    {
        Scratch scratch = new();
        return new(tool, scratch, RunningProcess.Start(scratch.File("process"), scratch.Folder, command(scratch.Folder)));
    }

    internal CommandResult Tool(params IEnumerable<string> arguments) => _tool.Run(Scratch, arguments);

    internal RunningProcess StartTool(params IEnumerable<string> arguments)
    {
        RunningProcess process = _tool.Start(Scratch, arguments);
        _restores.Add(process);
        return process;
    }

    /// <summary>The command line of a dump of this process into its image.</summary>
    internal IEnumerable<string> DumpArguments(params IEnumerable<string> more) => ["dump", Pid.ToString(CultureInfo.InvariantCulture), "-o", Image, .. more];

    /// <summary>Checkpoints the process, which ends with it.</summary>
    internal void Dump(params IEnumerable<string> more)
    {
        CommandResult result = Tool(DumpArguments(more));
        Assert.True(result.ExitCode == 0, $"{result}\n{Describe()}");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Image));
        Await("the checkpointed process is gone", () => Proc.State(Pid) == '\0');
    }

    /// <summary>Restores the process; returns once it runs.</summary>
    internal void Restore(Mode mode = Mode.Lazy, params IEnumerable<string> more)
    {
        CommandResult result = Tool(["restore", "-d", Image, .. Options(mode), .. more]);
        Assert.True(result.ExitCode == 0, $"{result}\n{Describe()}");
        string pid = result.Output.Trim();
        Assert.True(int.TryParse(pid, CultureInfo.InvariantCulture, out int number), $"the PID alone should be printed: {result}");
        Assert.True(more.Contains("--new-pid") || number == Pid, $"expected PID {Pid}: {result}");
        Pid = number;
    }

    /// <summary>Restores the process in the foreground; returns once it runs.</summary>
    internal RunningProcess RestoreInForeground(Mode mode = Mode.Lazy, params IEnumerable<string> more) => RestoreFrom(Image, mode, more);

    /// <summary>Restores the process from an image elsewhere.</summary>
    internal RunningProcess RestoreFrom(string image, Mode mode = Mode.Lazy, params IEnumerable<string> more)
    {
        string pidFile = Scratch.File("pid");
        File.Delete(pidFile);
        RunningProcess restore = StartTool(["restore", image, "--pidfile", pidFile, .. Options(mode), .. more]);
        Await("the process is restored", () => Scratch.Text("pid").EndsWith('\n') || restore.HasExited, restore.Describe);
        Assert.True(Scratch.Text("pid").Length > 0, restore.Describe());
        Pid = int.Parse(Scratch.Text("pid"), CultureInfo.InvariantCulture);
        return restore;
    }

    internal ProcessSnapshot Snapshot() => ProcessSnapshot.Take(Pid);

    /// <summary>Waits until the process looks as before: all memory is there and nothing of the restore is left in it.</summary>
    internal void AwaitAsBefore(ProcessSnapshot before)
    {
        ProcessSnapshot now = Snapshot();
        Await(
            "the process looks as before the checkpoint",
            () => before.Difference(now = Snapshot()).Length == 0,
            () => before.Difference(now),
            TimeSpan.FromSeconds(15));
    }

    /// <summary>Lets the target check its state, and demands that it found no difference.</summary>
    internal void Verify()
    {
        File.WriteAllText(Scratch.File("go"), "");
        Await("the target ends", () => !Proc.IsAlive(Pid), within: TimeSpan.FromSeconds(120));
        string last = Log.TrimEnd().Split('\n')[^1];
        Assert.True(last == "ok", $"the target found differences:\n{Describe()}");
    }

    /// <summary>Waits until no process has the image open any more, as the agent does.</summary>
    internal void AwaitAgentEnd() =>
        Await("the agent ends", () => Proc.UsersOf(Image).Count == 0, () => string.Join('\n', Proc.UsersOf(Image).Select(Proc.Describe)));

    internal void Await(string what, Func<bool> condition, Func<string>? describe = null, TimeSpan? within = null) =>
        Deadline.Await(what, condition, () => $"{describe?.Invoke()}\n{Describe()}", within);

    internal string Describe() =>
        $"--- log of the target\n{Log}\n--- its output\n{_original.Output}{_original.Errors}\n"
        + string.Join('\n', Directory.EnumerateFiles(Scratch.Folder, "tool-*.err").Order().Select(file => $"--- {Path.GetFileName(file)}\n{File.ReadAllText(file)}"))
        + $"\n{Proc.Describe(Pid)}";

    public void Dispose()
    {
        foreach (RunningProcess restore in _restores)
        {
            restore.Dispose();
        }

        // A restored process is nobody's child here, nor are the descendants of one; a command line that names the directory is certainly ours.
        _original.Dispose();
        foreach (int pid in Proc.All.Where(pid => Proc.Text(pid, "cmdline").Contains(Scratch.Folder, StringComparison.Ordinal)))
        {
            Signals.Send(pid, Signals.Kill);
            Await("a process of the test ends", () => !Proc.IsAlive(pid));
        }

        foreach (int agent in Proc.UsersOf(Image))
        {
            Signals.Send(agent, Signals.Kill);
        }

        Scratch.Dispose();
    }

    private static string[] Options(Mode mode) => mode switch
    {
        Mode.Eager => ["--eager"],
        Mode.Demand => ["--prefetch", "none"],
        _ => [],
    };
}
