using System.Globalization;
using LazyRestore.Tools.Tests.Dump;

namespace LazyRestore.Tools.Tests.CommandLine;

/// <summary>The verb dump, on real processes.</summary>
public sealed class DumpCommandTests : IDisposable
{
    private const string Quiet = "</dev/null >/dev/null 2>&1";

    private readonly string _folder = Directory.CreateTempSubdirectory("lazyrestore-tests-").FullName;

    private string Image => Path.Combine(_folder, "image.ckpt");

    [Fact]
    public void TellsWhatItSaved()
    {
        using TargetProcess target = TargetProcess.Start(Quiet, "sleep", "1000");

        Invocation run = Dump(target, "-R", "--compress", "zstd");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal("running", run.Json.GetProperty("process_state").GetString());
        Assert.Equal(target.Id, run.Json.GetProperty("pid").GetInt32());
        Assert.Equal(1, run.Json.GetProperty("threads").GetInt32());
        Assert.Equal(3, run.Json.GetProperty("descriptors").GetInt32());
        Assert.Equal(new FileInfo(Image).Length, run.Json.GetProperty("image_bytes").GetInt64());
        Assert.Equal(
            run.Json.GetProperty("pages").GetInt64(),
            Invocation.Of("inspect", Image, "--json").Json.GetProperty("stored_pages").GetInt64());
    }

    [Fact]
    public void WhatCannotBeSavedEndsWith3AndLeavesTheProcess()
    {
        using TargetProcess target = TargetProcess.Start(Quiet, "perl", "-e", "syscall(300, 0, 0); sleep 1000");

        Invocation run = Dump(target);

        Assert.Equal(3, run.ExitCode);
        Assert.Equal("unsupported", run.Json.GetProperty("reason").GetString());
        Assert.Contains("descriptor 3", run.Error, StringComparison.Ordinal);
        Assert.Contains("fanotify", run.Error, StringComparison.Ordinal);
        TargetProcess.WaitUntil(() => target.State is 'S');
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void ADryRunTellsWhatWouldBeSaved()
    {
        using TargetProcess target = TargetProcess.Start(Quiet, "sleep", "1000");

        Invocation run = Invocation.Of("dump", target.Id.ToString(CultureInfo.InvariantCulture), "--dry-run", "--json");

        Assert.Equal(0, run.ExitCode);
        Assert.True(run.Json.GetProperty("can_be_saved").GetBoolean());
        Assert.Equal(3, run.Json.GetProperty("descriptors").GetInt32());
        Assert.Equal(["character_device"], run.Json.GetProperty("files").EnumerateArray().Select(file => file.GetProperty("kind").GetString()));
        Assert.Equal(0, run.Json.GetProperty("refusals").GetArrayLength());
        Assert.Equal('S', target.State);
    }

    [Fact]
    public void ADryRunTellsWhatWouldBeRefused()
    {
        using TargetProcess target = TargetProcess.Start(Quiet, "perl", "-e", "syscall(300, 0, 0); sleep 1000");

        Invocation run = Invocation.Of("dump", target.Id.ToString(CultureInfo.InvariantCulture), "--dry-run", "--json");

        Assert.Equal(3, run.ExitCode);
        Assert.False(run.Json.GetProperty("can_be_saved").GetBoolean());
        Assert.Equal("a fanotify group", run.Json.GetProperty("refusals")[0].GetProperty("kind").GetString());
        Assert.Contains("descriptor 3", Invocation.Of("dump", target.Id.ToString(CultureInfo.InvariantCulture), "--dry-run").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void AProcessThatIsNotThereEndsWith1()
    {
        Invocation run = Invocation.Of("dump", int.MaxValue.ToString(CultureInfo.InvariantCulture), "-o", Image);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"{int.MaxValue}", run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Invocation Dump(TargetProcess target, params string[] options) => Invocation.Of(
        ["dump", target.Id.ToString(CultureInfo.InvariantCulture), "-o", Image, "--json", .. options]);
}
