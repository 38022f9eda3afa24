using System.CommandLine;
using LazyRestore.Tools.Demo;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary><c>lazyrestore demo</c>.</summary>
internal sealed class DemoCommand : Verb
{
    private readonly Option<int> _memory = new("--memory")
    {
        Description = "How much data the program holds, in MiB",
        HelpName = "MIB",
        CustomParser = Numbers.Mebibytes,
        DefaultValueFactory = _ => 128,
    };

    /// <summary>Creates the verb.</summary>
    public DemoCommand(CommandContext context)
        : base(
            context, "demo", "Show it all on a real program: start, dump, restore lazily, compare its data, print the times",
            new("lazyrestore demo", "with redis-server, or perl where that is not installed"),
            new("lazyrestore demo --memory 1024 -v", "with 1 GiB of data, telling each step as it happens")) =>
        Add(_memory);

    /// <inheritdoc/>
    protected override int Run(ParseResult parse, Reporter reporter)
    {
        using Interruption interruption = new();
        string folder = Directory.CreateTempSubdirectory("lazyrestore-demo-").FullName;
        try
        {
            using DemoProgram program = DemoProgram.Choose(folder, parse.GetValue(_memory));
            reporter.Result(new DemoStory(program, folder, reporter, interruption.Token).Play());
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
