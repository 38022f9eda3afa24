using System.Text.Json;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>Restores from a server on another host, with a network between them.</summary>
public sealed class NetworkTests
{
    private const string Port = "9100";

    /// <summary>The cable is pulled out, which no packet tells, and put in again: the loss is noticed, and nothing is wrong after that.</summary>
    [Fact]
    public void AnUnpluggedCableIsNoticedAndSurvived()
    {
        using Subject subject = Subject.StartTarget("ballast", "64", "watch");
        subject.Dump();
        using NetworkNamespace there = NetworkNamespace.Create(subject.Scratch);
        using RunningProcess server = Serve(subject, there);
        RunningProcess restore = subject.RestoreFrom($"tcp://{there.Address}:{Port}", Mode.Demand, "--json");
        there.Unplug();
        subject.Await("the loss is told", () => restore.Output.Contains("source_lost", StringComparison.Ordinal), restore.Describe);
        there.PlugIn();
        subject.Await("the return is told", () => restore.Output.Contains("source_back", StringComparison.Ordinal), restore.Describe);
        subject.Verify();
        string back = restore.Output.Split('\n').First(static line => line.Contains("source_back", StringComparison.Ordinal));
        Assert.True(JsonDocument.Parse(back).RootElement.GetProperty("lost_us").GetInt64() > 0);
    }

    /// <summary>A narrow cable with a short queue, which loses what does not fit.</summary>
    [Fact]
    public void ANarrowCableOnlyTakesLonger()
    {
        using Subject subject = Subject.StartTarget("ballast", "16", "watch");
        ProcessSnapshot before = subject.Snapshot();
        subject.Dump();
        using NetworkNamespace there = NetworkNamespace.Create(subject.Scratch);
        there.Shape("tbf", "rate", "100mbit", "burst", "32kb", "limit", "32kb");
        using RunningProcess server = Serve(subject, there);
        subject.RestoreFrom($"tcp://{there.Address}:{Port}");
        subject.AwaitAsBefore(before);
        subject.Verify();
    }

    private static RunningProcess Serve(Subject subject, NetworkNamespace there)
    {
        string url = $"tcp://{there.Address}:{Port}";
        RunningProcess server = RunningProcess.Start(
            subject.Scratch.File("tool-server"), subject.Scratch.Folder,
            there.Command(LazyRestoreBinary.Native.FilePath, "serve", subject.Image, "--listen", url, "--insecure", "--json"));
        subject.Await("the server listens", () => server.Output.Contains("listening", StringComparison.Ordinal) || server.HasExited, server.Describe);
        Assert.False(server.HasExited, server.Describe());
        return server;
    }
}
