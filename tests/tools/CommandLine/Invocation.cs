using System.Text.Json;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Tests.CommandLine;

/// <summary>A command line that ran, and what it wrote.</summary>
internal sealed record Invocation(int ExitCode, string Output, string Error)
{
    /// <summary>The last line of the output, as JSON.</summary>
    public JsonElement Json
    {
        get
        {
            using JsonDocument document = JsonDocument.Parse(Output.TrimEnd().Split('\n')[^1]);
            return document.RootElement.Clone();
        }
    }

    /// <summary>Runs <paramref name="arguments"/> in this process.</summary>
    public static Invocation Of(params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int exitCode = Tools.Commands.CommandLine.Run(arguments, Streams.Into(output, error));
        return new Invocation(exitCode, output.ToString(), error.ToString());
    }
}
