using System.Globalization;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>
/// The tool under test: what LAZYRESTORE_BINARY names, otherwise this repository's, published with native AOT when its sources are newer.
/// </summary>
internal sealed class LazyRestoreBinary
{
    private static readonly Lazy<LazyRestoreBinary> s_native = new(FindNative);
    private static int s_runs;

    private LazyRestoreBinary(string path)
    {
        FilePath = path;
    }

    /// <summary>The binary that users run.</summary>
    internal static LazyRestoreBinary Native => s_native.Value;

    /// <summary>The build that runs on the just-in-time compiler.</summary>
    internal static LazyRestoreBinary Jit { get; } =
        new(Path.Combine(AppContext.BaseDirectory.Replace("/tests/endtoend/", "/tools/", StringComparison.Ordinal), "lazyrestore"));

    internal string FilePath { get; }

    internal CommandResult Run(Scratch scratch, params IEnumerable<string> arguments)
    {
        using RunningProcess process = Start(scratch, arguments);
        int status = process.WaitForExit();
        return new($"lazyrestore {string.Join(' ', arguments)}", status, process.Output, process.Errors);
    }

    internal RunningProcess Start(Scratch scratch, params IEnumerable<string> arguments)
    {
        string output = scratch.File($"tool-{Interlocked.Increment(ref s_runs).ToString(CultureInfo.InvariantCulture)}");
        return RunningProcess.Start(output, scratch.Folder, [FilePath, .. arguments]);
    }

    private static LazyRestoreBinary FindNative()
    {
        if (Environment.GetEnvironmentVariable("LAZYRESTORE_BINARY") is { Length: > 0 } given)
        {
            return new(given);
        }

        string folder = Path.Combine(Repository.Artifacts, "publish");
        string binary = Path.Combine(folder, "lazyrestore");
        using FileStream only = AwaitLock(folder + ".lock");
        if (!File.Exists(binary) || File.GetLastWriteTimeUtc(binary) < NewestSource())
        {
            Publish(folder);
            File.SetLastWriteTimeUtc(binary, DateTime.UtcNow);
        }

        return new(binary);
    }

    private static void Publish(string folder)
    {
        string project = Path.Combine(Repository.Root, "tools", "LazyRestore.Tools.csproj");
        // A build within a build must not inherit what the outer one set, nor leave servers behind that keep its files open.
        using RunningProcess publish = RunningProcess.Start(
            folder, Repository.Root,
            "/usr/bin/env", "-u", "MSBuildSDKsPath", "-u", "MSBUILD_EXE_PATH", "-u", "MSBuildExtensionsPath",
            "dotnet", "publish", project, "-c", "Release", "-o", folder, "--disable-build-servers", "-v", "quiet");
        int status = publish.WaitForExit(TimeSpan.FromMinutes(10));
        Assert.True(status == 0, $"the native build failed:\n{publish.Describe()}");
    }

    private static DateTime NewestSource() =>
        ((string[])["imagefmt", "agent", "restore", "tools"])
            .SelectMany(room => Directory.EnumerateFiles(Path.Combine(Repository.Root, room), "*", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .Concat(Directory.EnumerateFiles(Repository.Root, "Directory.*.props"))
            .Max(File.GetLastWriteTimeUtc);

    private static FileStream AwaitLock(string path)
    {
        FileStream? held = null;
        Deadline.Await("another build of the tool ends", () =>
        {
            try
            {
                held = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                // Another run of the tests is building.
            }

            return held is not null;
        }, within: TimeSpan.FromMinutes(10));
        return held!;
    }
}
