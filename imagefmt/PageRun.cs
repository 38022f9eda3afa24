namespace LazyRestore.ImageFormat;

/// <summary>Neighbouring pages of an extent.</summary>
/// <param name="Start">The first page, 0 to 511.</param>
/// <param name="Count">How many there are.</param>
public readonly record struct PageRun(int Start, int Count);
