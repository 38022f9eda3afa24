using System.Diagnostics;
using System.Globalization;

namespace LazyRestore.Tools.Tests.Dump;

/// <summary>
/// A process to be checkpointed, with a directory of its own. It is no child of the tests, whose runtime would take away the
/// stops that a tracer waits for, and it inherits no descriptors but the standard streams.
/// </summary>
internal sealed class TargetProcess : IDisposable
{
    // dash knows descriptors of one digit only, and whatever started the tests may have left others open.
    private const string Launcher = "use POSIX; POSIX::close($_) for 3..1023; POSIX::setsid(); exec { $ARGV[0] } @ARGV";

    private TargetProcess(int id, string directory)
    {
        Id = id;
        DirectoryPath = directory;
    }

    internal int Id { get; }

    internal string DirectoryPath { get; }

    internal bool HasEnded => !Directory.Exists($"/proc/{Id}");

    /// <summary>The state's letter in /proc/PID/stat.</summary>
    internal char State => File.ReadAllText($"/proc/{Id}/stat").Split(") ")[^1][0];

    /// <summary>Compiles a C program of the folder targets and starts it; waits until it says that it is ready.</summary>
    internal static TargetProcess Compile(string name, params string[] arguments)
    {
        string directory = Directory.CreateTempSubdirectory("lazyrestore-dump-").FullName;
        string binary = Path.Combine(directory, "program");
        string source = Path.Combine(AppContext.BaseDirectory, "Dump", "targets", name + ".c");
        Run("gcc", "-O1", "-w", "-o", binary, source, "-lpthread");
        TargetProcess target = Launch(directory, redirection: "</dev/null >/dev/null 2>&1", [binary, directory, .. arguments]);
        return Ready(target, () => File.Exists(Path.Combine(directory, "ready")));
    }

    /// <summary>Starts an installed program and waits until it sleeps.</summary>
    internal static TargetProcess Start(string redirection, params string[] command)
    {
        TargetProcess target = Launch(Directory.CreateTempSubdirectory("lazyrestore-dump-").FullName, redirection, command);
        return Ready(
            target, () => File.ReadAllText($"/proc/{target.Id}/comm").Trim() == Path.GetFileName(command[0]) && target.State == 'S');
    }

    internal string WaitFor(string file)
    {
        string path = Path.Combine(DirectoryPath, file);
        WaitUntil(() => File.Exists(path));
        return File.ReadAllText(path);
    }

    internal void Signal(string signal) => Run("kill", "-" + signal, Id.ToString(CultureInfo.InvariantCulture));

    internal static void WaitUntil(Func<bool> condition)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), "waited for too long");
            Thread.Yield();
        }
    }

    internal static string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}");
        return output;
    }

    public void Dispose()
    {
        if (!HasEnded)
        {
            using Process process = Process.GetProcessById(Id);
            process.Kill();
            WaitUntil(() => HasEnded || State is 'Z' or 'X');
        }

        Directory.Delete(DirectoryPath, recursive: true);
    }

    private static TargetProcess Ready(TargetProcess target, Func<bool> condition)
    {
        try
        {
            WaitUntil(condition);
            return target;
        }
        catch
        {
            target.Dispose();
            throw;
        }
    }

    private static TargetProcess Launch(string directory, string redirection, string[] command)
    {
        string script = $"perl -e '{Launcher}' -- \"$@\" {redirection} & echo $!";
        string id = Run("sh", ["-c", script, "sh", .. command]);
        return new TargetProcess(int.Parse(id, CultureInfo.InvariantCulture), directory);
    }
}
