using System.Text.Json;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Tests.Output;

/// <summary>Progress is shown as often as a reader can follow, and no more.</summary>
public sealed class ProgressTests
{
    private readonly ManualTime _time = new();
    private readonly StringWriter _error = new();

    [Fact]
    public void TheBarIsDrawnTenTimesASecondAndErased()
    {
        BarProgress bar = new(_error, _time);
        bar.Report("dump", 1, 4);
        bar.Report("dump", 2, 4);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        bar.Report("dump", 3, 4);
        bar.Clear();
        bar.Clear();

        Assert.Equal(
            "\r\e[Kdump [#######.......................] 25 % of 16.0 KiB"
            + "\r\e[Kdump [######################........] 75 % of 16.0 KiB"
            + "\r\e[K",
            _error.ToString());
    }

    [Fact]
    public void PlainProgressEndsWithTheWhole()
    {
        PlainProgress plain = new(_error, _time);
        plain.Report("dump", 0, 4);
        plain.Report("dump", 2, 4);
        plain.Report("dump", 4, 4);

        Assert.Equal("dump: 0 % of 16.0 KiB\ndump: 100 % of 16.0 KiB\n", _error.ToString());
    }

    [Fact]
    public void JsonProgressIsALineForEachStep()
    {
        JsonProgress json = new(_error, _time);
        json.Report("restore", 1, 4);
        json.Report("restore", 2, 4);
        _time.Advance(TimeSpan.FromMilliseconds(250));
        json.Report("restore", 3, 4);

        JsonElement[] lines = [.. _error.ToString().TrimEnd().Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal([1, 3], lines.Select(line => line.GetProperty("done_pages").GetInt64()));
        Assert.All(lines, line => Assert.Equal("progress", line.GetProperty("event").GetString()));
    }
}
