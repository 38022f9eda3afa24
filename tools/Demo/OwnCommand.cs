using System.Diagnostics;
using System.Text.Json;
using LazyRestore.Tools.Restoring;

namespace LazyRestore.Tools.Demo;

/// <summary>A command of this program that runs beside it, as a user would run it, heard through <c>--json</c>.</summary>
internal sealed class OwnCommand : IDisposable
{
    private const int SIGTERM = 15;

    private readonly string _name;
    private readonly Process _process;
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenRegistration _interruption;

    private OwnCommand(string name, Process process, CancellationToken cancellation)
    {
        _name = name;
        _process = process;
        _cancellation = cancellation;
        _interruption = cancellation.Register(() => Interop.kill(process.Id, SIGTERM));
    }

    /// <summary>Starts it; its errors go where ours go, and an interruption is passed on to it.</summary>
    public static OwnCommand Start(CancellationToken cancellation, params string[] arguments)
    {
        ProcessStartInfo invocation = SelfInvocation.With([.. arguments, "--json", "--progress", "none"]);
        invocation.RedirectStandardOutput = true;
        return new OwnCommand(arguments[0], Process.Start(invocation)!, cancellation);
    }

    /// <summary>Reads until it tells of an event.</summary>
    /// <exception cref="LazyRestoreException">It failed, or ended without that event.</exception>
    public JsonElement Await(string awaited)
    {
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            string? heard = root.GetProperty("event").GetString();
            if (heard == awaited)
            {
                return root.Clone();
            }

            if (heard is "error")
            {
                _cancellation.ThrowIfCancellationRequested();
                throw new LazyRestoreException(
                    (FailureReason)root.GetProperty("exit_code").GetInt32(),
                    $"lazyrestore {_name}: {root.GetProperty("message").GetString()}",
                    root.GetProperty("hint").GetString());
            }
        }

        _cancellation.ThrowIfCancellationRequested();
        throw new LazyRestoreException(
            FailureReason.Failed, $"lazyrestore {_name} ended without a result", "Run the commands by hand to see why.");
    }

    /// <summary>Waits until it has ended by itself.</summary>
    public void AwaitEnd() => _process.WaitForExit();

    /// <summary>Ends it, unless it has ended.</summary>
    public void Dispose()
    {
        _interruption.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}
