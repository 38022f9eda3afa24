using System.Text.Json;

namespace LazyRestore.Tools.Tests.CommandLine;

public sealed class BenchCommandTests
{
    [Fact]
    public void ItPrintsTheCostsOfThisMachineAndWhatFollows()
    {
        Invocation run = Invocation.Of("bench", "--json");
        Assert.Equal(0, run.ExitCode);
        Assert.True(run.Json.GetProperty("auto_batch_pages").GetInt32() > 0);
        Assert.Contains(run.Json.GetProperty("auto_small_pages").GetString(), (string[])["copy", "move"]);
        JsonElement[] costs = [.. run.Json.GetProperty("costs").EnumerateArray()];
        Assert.All(costs.Where(cost => cost.GetProperty("page_kind").GetString() == "4 KiB"), cost => Assert.True(cost.GetProperty("copy_ns").GetInt64() > 0));
        Assert.Contains(costs, cost => cost.GetProperty("other_threads").GetInt32() == 1 && cost.GetProperty("batch_pages").GetInt32() == 512);
        Assert.Equal(2, run.Json.GetProperty("crossovers").EnumerateArray().Count(crossover => crossover.GetProperty("other_threads").GetInt32() < 2));
    }
}
