using System.Globalization;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>Restores that keep what they fetch.</summary>
public sealed class CacheTests
{
    [Theory]
    [InlineData("none", Mode.Lazy)]
    [InlineData("zstd", Mode.Demand)]
    public void TheSecondRestoreNeedsNoServer(string codec, Mode second)
    {
        using Subject subject = Subject.StartTarget("ballast", "32");
        ProcessSnapshot before = subject.Snapshot();
        subject.Dump("--compress", codec);
        string url;
        using (Nginx server = Nginx.Start(subject))
        {
            url = server.Url + "image.ckpt";
            Restore(subject, url, Mode.Lazy);
            subject.AwaitAsBefore(before);
            subject.Verify();
        }

        File.Delete(subject.Scratch.File("go"));
        Restore(subject, url, second);
        subject.Verify();
    }

    /// <summary>Of a page server too, and whoever is killed in the middle of writing harms nobody.</summary>
    [Fact]
    public void ACacheOutlivesWhoeverIsKilled()
    {
        using Subject subject = Subject.StartTarget("ballast", "32");
        subject.Dump();
        string url = "unix:" + subject.Scratch.File("pages.sock");
        using (RunningProcess server = subject.StartTool("serve", subject.Image, "--listen", url, "--json"))
        {
            subject.Await("the server listens", () => server.Output.Contains("listening", StringComparison.Ordinal));
            RunningProcess restore = Restore(subject, url, Mode.Lazy);
            restore.Signal(Signals.Kill);
            restore.WaitForExit();
            subject.StartTool("agent", "--resume", subject.Pid.ToString(CultureInfo.InvariantCulture));
            subject.Verify();

        }

        Restore(subject, url, Mode.Demand);
        subject.Verify();
    }

    [Fact]
    public void AFolderThatCannotBeUsedIsNamed()
    {
        using Subject subject = Subject.StartTarget("ballast", "1");
        subject.Dump();
        subject.Tool("restore", "unix:/nowhere", "--cache", "/proc/cache").Exits(1).Names("/proc/cache", "cannot be used");
        subject.Tool("restore", subject.Image, "--cache", subject.Scratch.Folder).Exits(2).Names("--cache");
    }

    private static RunningProcess Restore(Subject subject, string url, Mode mode) =>
        subject.RestoreFrom(url, mode, "--cache", subject.Scratch.File("cache"), "--cache-size", "1G");
}
