namespace LazyRestore.Agent.Tests.OwnMemory;

public sealed class ExampleTests
{
    [Fact]
    public void PagesAreMoved() => Assert.Equal((4L << 20, 7), Examples.MovePages());

    [Fact]
    public void PagesAreFilledOnDemand() => Assert.Equal((123_456, 1L << 35), Examples.FillOnDemand());

    [Fact]
    public void TheDocumentShowsWhatRunsHere()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "Documents");
        string document = File.ReadAllText(Path.Combine(folder, "library.md"));
        string[] lines = File.ReadAllLines(Path.Combine(folder, "Examples.cs"));
        int examples = 0;
        for (int start = Array.FindIndex(lines, IsStart); start >= 0; start = Array.FindIndex(lines, start + 1, IsStart))
        {
            int end = Array.FindIndex(lines, start, static line => line.Trim() == "// </example>");
            string code = string.Join('\n', lines[(start + 1)..end].Select(static line => line.Length > 8 ? line[8..] : line));
            Assert.Contains($"```csharp\n{code}\n```", document, StringComparison.Ordinal);
            examples++;
        }

        Assert.Equal(2, examples);
    }

    private static bool IsStart(string line) => line.Trim().StartsWith("// <example", StringComparison.Ordinal);
}
