using System.Globalization;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>Interpreters and tools as the distribution has them.</summary>
public sealed class ProgramTests
{
    public static TheoryData<Mode> Modes => [Mode.Lazy, Mode.Demand, Mode.Eager];

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task PythonServesOn(Mode mode)
    {
        string python = Installed("python3");
        using Subject subject = Subject.Start(
            LazyRestoreBinary.Native, folder => [python, Path.Combine(Repository.Targets, "http_server.py"), folder, "60000"]);
        Uri address = new($"http://127.0.0.1:{subject.Scratch.Text("ready")}");
        string digest;
        using (HttpClient client = NewClient(address))
        {
            digest = await client.GetStringAsync("digest");
            Assert.Equal("added", await client.GetStringAsync("add/before/checkpoint"));
            Assert.Equal("60001 3", await client.GetStringAsync("count"));
        }

        subject.Await("the server has let go of its clients", () => Proc.Threads(subject.Pid).Count() == 2);
        ProcessSnapshot before = subject.Snapshot();

        // A process whose memory is still missing cannot be saved yet.
        int rounds = mode == Mode.Demand ? 1 : 2;
        for (int round = 0; round < rounds; round++)
        {
            subject.Dump();
            subject.Restore(mode);
            using HttpClient client = NewClient(address);
            Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"60001 {4 + (round * 6)}"), await client.GetStringAsync("count"));
            Assert.Equal("checkpoint", await client.GetStringAsync("get/before"));
            Assert.Equal(digest, await client.GetStringAsync("digest"));
            Assert.Equal("True", await client.GetStringAsync("collect"));
            int ticks = int.Parse(await client.GetStringAsync("ticks"), CultureInfo.InvariantCulture);
            string later = await client.GetStringAsync("ticks");
            Assert.True(int.Parse(later, CultureInfo.InvariantCulture) >= ticks);
            client.Dispose();
            subject.Await("the server has let go of its clients", () => Proc.Threads(subject.Pid).Count() == 2);
        }

        GC.KeepAlive(before);
    }

    [Theory]
    [InlineData(Mode.Lazy)]
    [InlineData(Mode.Eager)]
    public async Task NodeServesOn(Mode mode)
    {
        string node = Installed("node");
        using Subject subject = Subject.Start(LazyRestoreBinary.Native, folder => [node, Path.Combine(Repository.Targets, "http_server.js"), folder]);
        string port = subject.Scratch.Text("ready");
        using HttpClient client = new() { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = Deadline.Usual };
        Assert.Equal("put", await client.GetStringAsync("put/a/checkpoint"));
        Task<string> late = client.GetStringAsync("later/after");
        int ticks = int.Parse(await client.GetStringAsync("ticks"), CultureInfo.InvariantCulture);

        // The client's connections, one with an answer that is to come, go on.
        subject.Dump("--tcp-established");
        subject.Restore(mode);
        Assert.Equal("after", await late);
        Assert.Equal("checkpoint", await client.GetStringAsync("get/a"));
        Assert.Equal("value of 777", await client.GetStringAsync("get/key777"));
        Assert.Equal("50001", await client.GetStringAsync("count"));
        Assert.Equal("300000", await client.GetStringAsync("collect"));
        Assert.Equal(port, await client.GetStringAsync("file"));
        Assert.True(int.Parse(await client.GetStringAsync("ticks"), CultureInfo.InvariantCulture) > ticks);
    }

    [Theory]
    [InlineData(Mode.Lazy)]
    [InlineData(Mode.Eager)]
    public void DotnetCollectsOn(Mode mode)
    {
        using Subject subject = Subject.Start(
            LazyRestoreBinary.Native, folder => [DotnetHost, BusyHeap, folder]);
        subject.Dump();
        subject.Restore(mode);
        subject.Verify();
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void PerlCountsOn(Mode mode)
    {
        string perl = Installed("perl");
        using Subject subject = Subject.Start(LazyRestoreBinary.Native, folder => [perl, Path.Combine(Repository.Targets, "counter.pl"), folder]);
        subject.Dump();
        subject.Restore(mode);
        subject.Verify();
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void BashLoopsOn(Mode mode)
    {
        string bash = Installed("bash");
        using Subject subject = Subject.Start(
            LazyRestoreBinary.Native, folder => [bash, Path.Combine(Repository.Targets, "loop.bash"), folder, "yes"]);
        subject.Dump();
        subject.Restore(mode);
        Signals.Send(subject.Pid, Signals.User1);
        subject.Verify();
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void SleepSleepsOn(Mode mode)
    {
        string sleep = Installed("sleep");
        using Subject subject = Subject.StartUnready(LazyRestoreBinary.Native, _ => [sleep, "100000"]);
        subject.Await("sleep sleeps", () => Proc.Text(subject.Pid, "comm").Trim() == "sleep" && Proc.Text(subject.Pid, "wchan").Contains("nanosleep", StringComparison.Ordinal));
        ProcessSnapshot before = subject.Snapshot();
        subject.Dump();
        RunningProcess restore = subject.RestoreInForeground(mode);
        subject.Await("sleep sleeps again", () => Proc.Text(subject.Pid, "syscall").StartsWith("219 ", StringComparison.Ordinal)); // restart_syscall
        if (mode != Mode.Demand)
        {
            subject.AwaitAsBefore(before);
        }

        Signals.Send(subject.Pid, Signals.Terminate);
        Assert.Equal(128 + Signals.Terminate, restore.WaitForExit());
    }

    [Fact]
    public void SleepEndsWhenItsTimeIsOver()
    {
        string sleep = Installed("sleep");
        using Subject subject = Subject.StartUnready(LazyRestoreBinary.Native, _ => [sleep, "2"]);
        subject.Await("sleep sleeps", () => Proc.Text(subject.Pid, "wchan").Contains("nanosleep", StringComparison.Ordinal));
        subject.Dump();
        Assert.Equal(0, subject.RestoreInForeground().WaitForExit());
    }

    private static string BusyHeap { get; } = Path.Combine(
        AppContext.BaseDirectory.Replace("/tests/endtoend/", "/tests/programs/busy-heap/", StringComparison.Ordinal), "LazyRestore.BusyHeap.dll");

    private static string DotnetHost =>
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH")
        ?? (Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root ? Path.Combine(root, "dotnet") : "dotnet");

    private static HttpClient NewClient(Uri address) =>
        new() { BaseAddress = address, DefaultRequestVersion = new Version(1, 0), Timeout = Deadline.Usual };

    private static string Installed(string program)
    {
        string path = Path.Combine("/usr/bin", program);
        Assert.SkipUnless(File.Exists(path), $"{program} is not installed");
        return path;
    }
}
