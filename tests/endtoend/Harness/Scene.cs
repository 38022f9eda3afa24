using System.Globalization;
using System.Text;
using Xunit;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>
/// One test's folder and processes. When the test ends, what is known of each process goes to the test's output, which is
/// shown when the test fails, and the processes are ended.
/// </summary>
internal sealed partial class Scene : IDisposable
{
    private readonly List<RunningProcess> _started = [];
    private readonly List<(int Pid, long StartTime)> _adopted = [];
    private int _runs;

    internal Scene()
    {
        Folder = Path.Combine(Path.GetTempPath(), $"lazyrestore-test-{Environment.ProcessId}-{Guid.NewGuid():N}");
        Directory.CreateDirectory(Folder);
        Image = In("image.ckpt");
    }

    /// <summary>Everything of the test lies here.</summary>
    internal string Folder { get; }

    /// <summary>The image of the test.</summary>
    internal string Image { get; set; }

    /// <summary>A path in the test's folder.</summary>
    internal string In(string name) => Path.Combine(Folder, name);

    /// <summary>Starts any program.</summary>
    internal RunningProcess Start(params string[] command)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{++_runs}-{Path.GetFileName(command[0])}");
        RunningProcess process = RunningProcess.Start(Folder, name, command);
        _started.Add(process);
        return process;
    }

    /// <summary>Starts one of tests/targets and waits until its state is set up.</summary>
    internal Task<Target> StartTarget(string name, params string[] arguments) =>
        StartPrepared([TargetProgram.Of(name)], arguments);

    /// <summary>Starts a script of tests/targets, which keeps the same protocol.</summary>
    internal Task<Target> StartScript(string interpreter, string script, params string[] arguments) =>
        StartPrepared([interpreter, Path.Combine(Repository.Targets, script)], arguments);

    /// <summary>Counts a restored process to this test: it is ended with it.</summary>
    internal void Adopt(int pid)
    {
        if (ProcEntry.StartTime(pid) is { } startTime)
        {
            _adopted.Add((pid, startTime));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        TestContext.Current.TestOutputHelper?.WriteLine(Diagnosis());
        foreach ((int pid, long startTime) in _adopted)
        {
            if (ProcEntry.StartTime(pid) == startTime)
            {
                _ = Interop.kill(pid, Interop.SIGKILL);
            }
        }

        _started.ForEach(process => process.Dispose());
        Directory.Delete(Folder, recursive: true);
    }

    private async Task<Target> StartPrepared(string[] program, string[] arguments)
    {
        string folder = Directory.CreateDirectory(In(string.Create(CultureInfo.InvariantCulture, $"target-{_runs}"))).FullName;
        RunningProcess process = Start([.. program, folder, .. arguments]);
        Target target = new(process, folder);
        await Deadline.Until(() => target.IsReady || process.HasExited, $"{program[^1]} is ready");
        Assert.True(target.IsReady, $"{program[^1]} could not be set up (exit code {(process.HasExited ? process.ExitCode : 0)}): {target.Log}{process.Errors}");
        return target;
    }

    private string Diagnosis()
    {
        StringBuilder text = new();
        foreach (RunningProcess process in _started)
        {
            text.AppendLine(process.HasExited ? $"process {process.Id}: ended with {process.ExitCode}" : ProcEntry.Describe(process.Id));
        }

        foreach ((int pid, long startTime) in _adopted.Where(adopted => ProcEntry.StartTime(adopted.Pid) == adopted.StartTime))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"restored, begun at tick {startTime}:").AppendLine(ProcEntry.Describe(pid));
        }

        string[] told = [.. Directory.EnumerateFiles(Folder, "*.err"), .. Directory.EnumerateFiles(Folder, "*.out"), .. Directory.EnumerateFiles(Folder, "log", SearchOption.AllDirectories)];
        foreach (string path in told.Where(path => new FileInfo(path).Length > 0))
        {
            string content = File.ReadAllText(path);
            text.AppendLine(CultureInfo.InvariantCulture, $"--- {Path.GetRelativePath(Folder, path)}").AppendLine(content[..Math.Min(content.Length, 8000)]);
        }

        return text.ToString();
    }
}
