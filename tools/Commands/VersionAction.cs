using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;

namespace LazyRestore.Tools.Commands;

/// <summary><c>--version</c>.</summary>
internal sealed class VersionAction : SynchronousCommandLineAction
{
    /// <summary>The version of this build, such as <c>0.1.0</c>.</summary>
    public static string Version { get; } = typeof(VersionAction).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        parseResult.InvocationConfiguration.Output.WriteLine($"lazyrestore {Version}");
        return 0;
    }
}
