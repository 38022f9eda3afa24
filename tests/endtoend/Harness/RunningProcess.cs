using System.Diagnostics;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>
/// A child of the tests with no descriptor but its standard streams: input from /dev/null, output into files. It leads a session.
/// </summary>
internal sealed class RunningProcess : IDisposable
{
    // The test runner's own descriptors must not leak into a process that is to be checkpointed.
    private const string Launcher = """
        output=$1; shift
        for fd in /proc/$$/fd/*; do
            fd=${fd##*/}
            if ((fd > 2)); then eval "exec $fd>&-" 2>/dev/null; fi
        done
        exec setsid "$@" </dev/null >>"$output.out" 2>>"$output.err"
        """;

    private bool _disposed;
    private readonly Process _process;
    private readonly string _output;

    private RunningProcess(Process process, string output)
    {
        _process = process;
        _output = output;
    }

    internal int Pid => _process.Id;

    internal string Output => Read(_output + ".out");

    internal string Errors => Read(_output + ".err");

    internal bool HasExited => _process.HasExited;

    /// <summary>Starts a program; output is the path, without extension, of the files that take what it prints.</summary>
    internal static RunningProcess Start(string output, string workingFolder, params IEnumerable<string> command)
    {
        ProcessStartInfo start = new("/bin/bash") { WorkingDirectory = workingFolder, UseShellExecute = false };
        foreach (string argument in (IEnumerable<string>)["-c", Launcher, "bash", output, .. command])
        {
            start.ArgumentList.Add(argument);
        }

        return new(Process.Start(start)!, output);
    }

    /// <summary>Waits for its end and returns its status: 128 + signal when it was killed.</summary>
    internal int WaitForExit(TimeSpan? within = null)
    {
        if (!_process.WaitForExit(within ?? Deadline.Usual))
        {
            Assert.Fail($"process {Pid} does not end\n{Describe()}");
        }

        return _process.ExitCode;
    }

    internal void Signal(int signal) => Signals.Send(Pid, signal);

    internal string Describe() => $"--- output\n{Output}\n--- errors\n{Errors}\n{Proc.Describe(Pid)}";

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private static string Read(string path)
    {
        using FileStream? file = File.Exists(path) ? new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite) : null;
        return file is null ? "" : new StreamReader(file).ReadToEnd();
    }
}
