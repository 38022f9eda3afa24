using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary>What every verb works with.</summary>
/// <param name="Globals">The options that all verbs have.</param>
/// <param name="Streams">Where the invocation writes.</param>
/// <param name="Arguments">The command line, for a verb that starts itself again in the background.</param>
internal sealed record CommandContext(GlobalOptions Globals, Streams Streams, IReadOnlyList<string> Arguments);
