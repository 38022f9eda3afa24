namespace LazyRestore.Tools.Tests.CommandLine;

/// <summary>What the command line refuses, and what it says about itself.</summary>
public sealed class UsageTests
{
    public static TheoryData<string> Verbs => ["dump", "restore", "agent", "serve", "inspect", "check", "bench", "demo", "completion"];

    [Theory]
    [InlineData("")]
    [InlineData("dumb 1")]
    [InlineData("dump")]
    [InlineData("dump 4711")]
    [InlineData("dump zero -o x")]
    [InlineData("dump 0 -o x")]
    [InlineData("dump 1 -o x --compress gzip")]
    [InlineData("dump 1 -o x -R --leave-stopped")]
    [InlineData("dump 1 -o x --snapshot --leave-stopped")]
    [InlineData("dump 1 -o - --direct")]
    [InlineData("dump 1 -o x --dry-run")]
    [InlineData("dump 1 -o x --tcp-close --tcp-established")]
    [InlineData("restore x --inherit-fd five:/dev/null")]
    [InlineData("restore x --inherit-fd 5")]
    [InlineData("restore x --file-map /old")]
    [InlineData("restore x --file-map old=/new")]
    [InlineData("restore")]
    [InlineData("restore x --prefetch sometimes")]
    [InlineData("restore x --status-fd none")]
    [InlineData("inspect")]
    [InlineData("inspect x everything")]
    [InlineData("inspect x page")]
    [InlineData("inspect x page nowhere")]
    [InlineData("inspect x maps 0x1000")]
    [InlineData("agent")]
    [InlineData("agent --resume me")]
    [InlineData("serve")]
    [InlineData("serve x")]
    [InlineData("serve x --listen 127.0.0.1:9100")]
    [InlineData("serve x --listen tcp://0.0.0.0:9100")]
    [InlineData("serve x --listen tcp://127.0.0.1:9100 --stdio")]
    [InlineData("serve x --listen tls://127.0.0.1:9100")]
    [InlineData("restore x --from tcp://127.0.0.1:9100/x")]
    [InlineData("restore x --token-file y")]
    [InlineData("restore tcp://127.0.0.1:9100/x --from y")]
    [InlineData("restore tcp://127.0.0.1:9100/x --source-timeout never")]
    [InlineData("restore x --on-page-error ignore")]
    [InlineData("demo --memory none")]
    [InlineData("completion csh")]
    [InlineData("check --progress loud")]
    public void WrongUsageEndsWith2AndPointsToTheHelp(string commandLine)
    {
        Invocation run = Invocation.Of(commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.StartsWith("error: ", run.Error, StringComparison.Ordinal);
        Assert.Contains("  hint: ", run.Error, StringComparison.Ordinal);
        Assert.Contains("--help", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void AMistypedVerbIsCorrected() =>
        Assert.Contains("Did you mean 'restore'?", Invocation.Of("restor", "x").Error, StringComparison.Ordinal);

    [Fact]
    public void WrongUsageIsToldToProgramsToo()
    {
        Invocation run = Invocation.Of("inspect", "--json");

        Assert.Equal(2, run.ExitCode);
        Assert.Equal("error", run.Json.GetProperty("event").GetString());
        Assert.Equal("usage", run.Json.GetProperty("reason").GetString());
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public void HelpOfAVerbHasAnExample(string verb)
    {
        Invocation run = Invocation.Of(verb, "--help");

        Assert.Equal(0, run.ExitCode);
        string examples = run.Output[run.Output.IndexOf("Examples:", StringComparison.Ordinal)..];
        Assert.Contains($"lazyrestore {verb}", examples, StringComparison.Ordinal);
    }

    [Fact]
    public void VersionIsOneLine() => Assert.Matches(@"^lazyrestore \d+\.\d+\.\d+\n$", Invocation.Of("--version").Output);

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public void CompletionPrintsAScript(string shell) =>
        Assert.Contains("lazyrestore", Invocation.Of("completion", shell).Output, StringComparison.Ordinal);

    [Fact]
    public void AnAgentForAProcessThatNeedsNoneEndsWith1() =>
        Assert.Equal(1, Invocation.Of("agent", "--resume", $"{Environment.ProcessId}").ExitCode);

    [Fact]
    public void CheckTellsEveryFeatureToPrograms()
    {
        Invocation run = Invocation.Of("check", "--json");

        bool supported = run.Json.GetProperty("supported").GetBoolean();
        Assert.Equal(supported ? 0 : 3, run.ExitCode);
        Assert.Equal(
            Check.HostProbes.All.Select(probe => probe.Feature),
            run.Json.GetProperty("features").EnumerateArray().Select(feature => feature.GetProperty("feature").GetString()));
        Assert.All(
            run.Json.GetProperty("features").EnumerateArray(),
            feature => Assert.Contains(feature.GetProperty("state").GetString(), (string[])["ok", "limited", "missing"]));
    }
}
