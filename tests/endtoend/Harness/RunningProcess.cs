using System.Diagnostics;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>
/// A program with no descriptor that leads outside: its input is /dev/null, its output and errors are files. It leads a session
/// of its own, as a daemon does.
/// </summary>
internal sealed class RunningProcess : IDisposable
{
    // Whoever runs the tests may have left descriptors open that lead to other processes.
    private const string Redirect =
        """
        for link in /proc/self/fd/*; do descriptor=${link##*/}; if ((descriptor > 2)); then eval "exec $descriptor>&-"; fi; done
        out=$1 err=$2; shift 2; exec "$@" </dev/null >"$out" 2>"$err"
        """;

    private readonly Process _process;

    private RunningProcess(Process process, string output, string errors)
    {
        _process = process;
        Id = process.Id;
        OutputPath = output;
        ErrorPath = errors;
    }

    /// <summary>The PID.</summary>
    internal int Id { get; }

    /// <summary>Where its standard output goes.</summary>
    internal string OutputPath { get; }

    /// <summary>Where its errors go.</summary>
    internal string ErrorPath { get; }

    /// <summary>What it wrote to its standard output.</summary>
    internal string Output => File.Exists(OutputPath) ? File.ReadAllText(OutputPath) : "";

    /// <summary>What it wrote to its standard error.</summary>
    internal string Errors => File.Exists(ErrorPath) ? File.ReadAllText(ErrorPath) : "";

    /// <summary>Whether it has ended.</summary>
    internal bool HasExited => _process.HasExited;

    /// <summary>Its exit code, 128 + the signal when one killed it.</summary>
    internal int ExitCode => _process.ExitCode;

    /// <summary>Starts a program; the shell that redirects becomes it, so the PID is known.</summary>
    internal static RunningProcess Start(string folder, string name, params string[] command)
    {
        string output = Path.Combine(folder, $"{name}.out");
        string errors = Path.Combine(folder, $"{name}.err");
        string[] arguments = ["bash", "-c", Redirect, "bash", output, errors, .. command];
        return new RunningProcess(Process.Start(new ProcessStartInfo("setsid", arguments) { WorkingDirectory = folder })!, output, errors);
    }

    /// <summary>Waits for the end.</summary>
    internal async Task<int> Exit(TimeSpan? patience = null)
    {
        await Deadline.Until(() => HasExited, $"the end of process {Id}", patience);
        return ExitCode;
    }

    /// <summary>Sends a signal.</summary>
    internal void Signal(int signal)
    {
        if (!HasExited)
        {
            _ = Interop.kill(Id, signal);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Signal(Interop.SIGKILL);
        _process.Dispose();
    }
}
