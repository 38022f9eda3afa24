namespace LazyRestore.Tools.Output;

/// <summary>What a command has to say: named values, then tables. One model, rendered as text or as JSON.</summary>
internal sealed record Document
{
    /// <summary>Values about the whole.</summary>
    public IReadOnlyList<Field> Fields { get; init; } = [];

    /// <summary>Lists of things of one kind.</summary>
    public IReadOnlyList<Table> Tables { get; init; } = [];
}

/// <summary>A named value.</summary>
/// <param name="Name">Its name in JSON, which never changes.</param>
/// <param name="Label">Its name for people; null when it is in JSON only.</param>
/// <param name="Value">The value.</param>
internal readonly record struct Field(string Name, string? Label, Value Value);
