using System.Text.Json;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>What metrics say while memory arrives, and that it is what the restore says at its end.</summary>
public sealed class MetricsTests
{
    [Fact]
    public void MetricsAgreeWithTheResult()
    {
        using Subject subject = Subject.StartTarget("ballast", "64", "watch");
        subject.Dump();
        RunningProcess restore = subject.RestoreInForeground(Mode.Lazy, "--json", "--metrics", "127.0.0.1:0");
        string address = Scrape.AddressIn(restore.Output)!;
        Scrape first = Scrape.Of(address);
        Scrape last = first;
        subject.Await("metrics say that all memory is there", () => (last = Scrape.Of(address)).Sum("lazyrestore_pages_remaining") == 0);
        Assert.True(last.Sum("lazyrestore_page_faults_received_total") >= first.Sum("lazyrestore_page_faults_received_total"));
        subject.Await("the restore says so, too", () => restore.Output.Contains("\"resident\"", StringComparison.Ordinal));
        last = Scrape.Of(address);
        subject.Verify();
        restore.WaitForExit();

        JsonElement result = JsonDocument.Parse(restore.Output.TrimEnd().Split('\n')[^1]).RootElement;
        Assert.Equal(Number(result, "demand_faults"), last.Sum("lazyrestore_page_faults_received_total"));
        Assert.Equal(Number(result, "demand_faults"), last.Sum("lazyrestore_page_faults_total"));
        Assert.Equal(Number(result, "copied_pages") - Number(result, "force_copied_pages"), last.Sum("lazyrestore_pages_placed_total", "\"copy\""));
        Assert.Equal(Number(result, "moved_pages"), last.Sum("lazyrestore_pages_placed_total", "\"move\""));
        Assert.Equal(Number(result, "zero_pages"), last.Sum("lazyrestore_pages_placed_total", "\"zero\""));
        Assert.Equal(Number(result, "hydrated_pages"), last.Sum("lazyrestore_pages_hydrated_total"));
        Assert.Equal(last.Sum("lazyrestore_page_fault_duration_seconds_count"), last.Sum("lazyrestore_page_faults_total"));
        Assert.True(last.Sum("lazyrestore_source_bytes_total", "\"file\"") >= Number(result, "copied_pages") * 4096);
        Assert.Equal(1, last.Sum("lazyrestore_placement_choices", $"\"{result.GetProperty("placement_reason").GetString()}\""));
    }

    [Fact]
    public void MetricsFollowFaultsAsTheyHappen()
    {
        using Subject subject = Subject.StartTarget("ballast", "64", "watch");
        subject.Dump();
        RunningProcess restore = subject.RestoreInForeground(Mode.Demand, "--json", "--metrics", $"unix:{subject.Scratch.File("metrics")}");
        string address = Scrape.AddressIn(restore.Output)!;
        double remaining = double.MaxValue;
        double faults = 0;
        for (int times = 0; times < 10; times++)
        {
            Scrape now = Scrape.Of(address);
            Assert.True(now.Sum("lazyrestore_pages_remaining") <= remaining);
            Assert.True(now.Sum("lazyrestore_page_faults_total") >= faults);
            remaining = now.Sum("lazyrestore_pages_remaining");
            faults = now.Sum("lazyrestore_page_faults_total");
        }

        subject.Await("all that the process touches has come", () => Scrape.Of(address).Sum("lazyrestore_pages_placed_total", "\"zero\"") > 0);
        Assert.Equal(0, Scrape.Of(address).Sum("lazyrestore_pages_hydrated_total"));
        subject.Verify();
        restore.WaitForExit();
        Assert.False(File.Exists(subject.Scratch.File("metrics")));
    }

    [Fact]
    public void AnAddressThatCannotBeHadIsAnErrorBeforeThereIsAProcess()
    {
        using Subject subject = Subject.StartTarget("ballast", "1");
        subject.Dump();
        subject.Tool("restore", subject.Image, "--metrics", "unix:/nowhere/metrics.sock").Exits(1).Names("/nowhere");
        subject.Tool("restore", subject.Image, "--metrics", "0.0.0.0:1").Exits(2).Names("loopback");
        Assert.False(Proc.IsAlive(subject.Pid));
        subject.Restore();
        subject.Verify();
    }

    private static double Number(JsonElement result, string name) => result.GetProperty(name).GetDouble();
}
