using System.Diagnostics;

namespace LazyRestore.Restore.Tests;

/// <summary>
/// A process that is not a child of the tests: the runtime waits for its children in threads of its own and would take away the
/// stops that a tracer waits for.
/// </summary>
internal sealed class OrphanProcess : IDisposable
{
    private OrphanProcess(int id) => Id = id;

    internal int Id { get; }

    internal bool HasExited => !Directory.Exists($"/proc/{Id}");

    internal static OrphanProcess Start(string command)
    {
        using Process shell = Process.Start(new ProcessStartInfo("sh", ["-c", $"{command} >/dev/null 2>&1 </dev/null & echo $!"])
        {
            RedirectStandardOutput = true,
        })!;
        int id = int.Parse(shell.StandardOutput.ReadToEnd());
        shell.WaitForExit();
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
