namespace LazyRestore.Tools.Commands;

/// <summary>A command line as a user would type it, and what it is for.</summary>
internal readonly record struct Example(string CommandLine, string Purpose);
