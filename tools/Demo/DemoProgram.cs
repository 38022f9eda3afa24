using System.Diagnostics;

namespace LazyRestore.Tools.Demo;

/// <summary>A real program that holds data in memory, and that can be asked about it. It lives in a session of its own.</summary>
internal abstract class DemoProgram(string folder) : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private Process? _process;

    /// <summary>Its name.</summary>
    public abstract string Name { get; }

    /// <summary>Its process ID, which it has again after the restore.</summary>
    public int ProcessId => _process!.Id;

    /// <summary>A directory that is the demo's own.</summary>
    protected string Folder { get; } = folder;

    /// <summary>What starts it.</summary>
    protected abstract IReadOnlyList<string> Command { get; }

    /// <summary>The program that shows most on this machine: redis-server where it is installed.</summary>
    public static DemoProgram Choose(string folder, int mebibytes) =>
        IsInstalled("redis-server") ? new RedisServer(folder, mebibytes)
        : IsInstalled("perl") ? new PerlProgram(folder, mebibytes)
        : throw new LazyRestoreException(
            FailureReason.Unsupported, "neither redis-server nor perl is installed", "Install one of them, such as redis-server.");

    /// <summary>Starts it.</summary>
    public void Start()
    {
        // The shell takes the streams away, setsid(1) the terminal; both execute what follows in their place.
        const string Script = "exec setsid \"$@\" </dev/null >/dev/null 2>&1";
        InheritedDescriptors.KeepFromChildren();
        _process = Process.Start(new ProcessStartInfo("sh", ["-c", Script, "sh", .. Command]))!;
    }

    /// <summary>Puts data into it.</summary>
    public abstract void Fill(CancellationToken cancellation);

    /// <summary>Waits until it answers a question that takes little of its memory.</summary>
    public abstract void AwaitAnswer(CancellationToken cancellation);

    /// <summary>A digest of all the data, as the program itself tells it.</summary>
    public abstract string Digest(CancellationToken cancellation);

    /// <summary>Waits until the process that was started has ended.</summary>
    public void AwaitEnd(CancellationToken cancellation) => Await(() => _process!.HasExited, "the end of the process", cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process?.Dispose();
    }

    /// <summary>Waits for a condition, with a bounded patience.</summary>
    protected void Await(Func<bool> condition, string what, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (cancellation.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(1)))
            {
                throw new OperationCanceledException(cancellation);
            }

            if (Stopwatch.GetElapsedTime(start) > s_patience)
            {
                throw new LazyRestoreException(
                    FailureReason.Failed, $"waited in vain for {what} of {Name}", "Run 'lazyrestore check' to see what is missing here.");
            }
        }
    }

    private static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}
