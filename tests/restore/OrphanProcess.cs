using System.Diagnostics;

namespace LazyRestore.Restore.Tests;

/// <summary>
/// A process that is not a child of the tests: the runtime waits for its children in threads of its own and would take away the
/// stops that a tracer waits for.
/// </summary>
internal sealed class OrphanProcess : IDisposable
{
    private const string ClockNanosleep = "230 ";

    private OrphanProcess(int id) => Id = id;

    internal int Id { get; }

    internal bool HasExited => !Directory.Exists($"/proc/{Id}");

    /// <summary>Starts one that sleeps; it sleeps already, and changes nothing in its memory from here on.</summary>
    internal static OrphanProcess Sleep()
    {
        using Process shell = Process.Start(new ProcessStartInfo("sh", ["-c", "sleep 1000 >/dev/null 2>&1 </dev/null & echo $!"])
        {
            RedirectStandardOutput = true,
        })!;
        int id = int.Parse(shell.StandardOutput.ReadToEnd());
        shell.WaitForExit();
        OwnThread.Await(() => File.ReadAllText($"/proc/{id}/syscall").StartsWith(ClockNanosleep, StringComparison.Ordinal));
        return new OrphanProcess(id);
    }

    public void Dispose()
    {
        if (!HasExited)
        {
            using var process = Process.GetProcessById(Id);
            process.Kill();
        }
    }
}
