using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary><c>--version</c>.</summary>
internal sealed class VersionAction(Streams streams) : SynchronousCommandLineAction
{
    /// <summary>The version of this build, such as <c>0.1.0</c>.</summary>
    public static string Version { get; } = typeof(VersionAction).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        streams.Output.WriteLine($"lazyrestore {Version}");
        return 0;
    }
}
