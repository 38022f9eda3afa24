using System.Collections.Concurrent;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>The C programs of tests/targets, compiled when they are first asked for.</summary>
internal static class TargetProgram
{
    private static readonly ConcurrentDictionary<string, string> s_built = new();

    /// <summary>The path of the compiled program of that name.</summary>
    internal static string Of(string name) => s_built.GetOrAdd(name, Compile);

    private static string Compile(string name)
    {
        string source = Path.Combine(Repository.Targets, $"{name}.c");
        string shared = Path.Combine(Repository.Targets, "target.h");
        string program = Path.Combine(Directory.CreateDirectory(Path.Combine(Repository.Artifacts, "targets")).FullName, name);
        using BuildLock alone = BuildLock.Take();
        DateTime built = File.Exists(program) ? File.GetLastWriteTimeUtc(program) : DateTime.MinValue;
        if (built < File.GetLastWriteTimeUtc(source) || built < File.GetLastWriteTimeUtc(shared))
        {
            Command.Run("gcc", "-O1", "-g", "-pthread", "-o", program, source, "-lrt");
        }

        return program;
    }
}
