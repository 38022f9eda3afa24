using System.Diagnostics;
using System.Text.Json;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>An agent service of one test. It can be killed and started again at once, as often as one likes.</summary>
internal sealed class AgentServiceProcess : IDisposable
{
    private readonly Scratch _scratch;
    private readonly string[] _more;
    private readonly List<string> _events = [];
    private readonly List<string> _errors = [];
    private Process? _process;

    internal AgentServiceProcess(Scratch scratch, params string[] more)
    {
        _scratch = scratch;
        _more = more;
    }

    /// <summary>Where it listens, as an option names it.</summary>
    internal string Address => "unix:" + SocketPath;

    internal string SocketPath => _scratch.File("agent.sock");

    /// <summary>Its exit code, once it has ended.</summary>
    internal int? ExitCode => _process is { HasExited: true } ended ? ended.ExitCode : null;

    /// <summary>The metrics' address of the last start.</summary>
    internal string MetricsAddress => Last("listening").GetProperty("metrics").GetString()!;

    /// <summary>Starts it, without waiting for anything.</summary>
    internal void Start()
    {
        Forget();
        ProcessStartInfo start = new(LazyRestoreBinary.Native.FilePath, ["agent", "--listen", Address, "--json", .. _more])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(_events, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(_errors, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Starts it and waits until it listens, and has taken up so many processes.</summary>
    internal void StartAndAwait(int attached = 0)
    {
        Start();
        Await("the service listens", () => Count("listening") == 1);
        Await($"it has taken up {attached} processes", () => Count("attached") >= attached);
    }

    /// <summary>Kills it with SIGKILL.</summary>
    internal void Kill()
    {
        _process!.Kill();
        Assert.True(_process.WaitForExit(Deadline.Usual), Describe());
    }

    /// <summary>Asks it to end, and returns its exit code.</summary>
    internal int Terminate()
    {
        Signals.Send(_process!.Id, Signals.Terminate);
        return WaitForExit();
    }

    internal int WaitForExit()
    {
        Assert.True(_process!.WaitForExit(Deadline.Usual), Describe());
        return _process.ExitCode;
    }

    /// <summary>How many events of a name it has told since its last start.</summary>
    internal int Count(string name)
    {
        lock (_events)
        {
            return _events.Count(line => line.StartsWith($"{{\"event\":\"{name}\"", StringComparison.Ordinal));
        }
    }

    internal JsonElement Last(string name)
    {
        lock (_events)
        {
            return JsonDocument.Parse(_events.Last(line => line.StartsWith($"{{\"event\":\"{name}\"", StringComparison.Ordinal))).RootElement;
        }
    }

    /// <summary>Runs a verb of control against it.</summary>
    internal CommandResult Ask(params string[] request) => LazyRestoreBinary.Native.Run(_scratch, ["agent", .. request, "--control", Address]);

    /// <summary>The number that it tells of a process.</summary>
    internal long Number(int pid, string name)
    {
        CommandResult answer = Ask("list", "--json").Exits(0);
        return JsonDocument.Parse(answer.Output).RootElement.GetProperty("processes").EnumerateArray()
            .Single(process => process.GetProperty("pid").GetInt32() == pid).GetProperty(name).GetInt64();
    }

    internal void Await(string what, Func<bool> condition) => Deadline.Await(what, condition, Describe);

    internal string Describe()
    {
        lock (_events)
        {
            return $"--- events of the service\n{string.Join('\n', _events)}\n--- its errors\n{string.Join('\n', _errors)}";
        }
    }

    public void Dispose() => Forget();

    private void Keep(List<string> lines, string? line)
    {
        lock (_events)
        {
            lines.AddRange(line is null ? [] : [line]);
        }
    }

    private void Forget()
    {
        if (_process is { } process)
        {
            _process = null;
            if (!process.HasExited)
            {
                process.Kill();
                process.WaitForExit();
            }

            process.CancelOutputRead();
            process.CancelErrorRead();
            process.Dispose();
        }

        lock (_events)
        {
            _events.Clear();
        }
    }
}
