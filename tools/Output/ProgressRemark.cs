namespace LazyRestore.Tools.Output;

/// <summary>What is remarkable about the progress of a piece of work.</summary>
/// <param name="Text">For people.</param>
/// <param name="Fields">For programs.</param>
internal sealed record ProgressRemark(string Text, Field[] Fields);
