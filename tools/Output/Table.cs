namespace LazyRestore.Tools.Output;

/// <summary>Things of one kind: an array of objects in JSON.</summary>
internal sealed record Table
{
    /// <summary>The name of the array in JSON.</summary>
    public required string Name { get; init; }

    /// <summary>A heading for people; null for none.</summary>
    public string? Title { get; init; }

    /// <summary>What is said of each thing.</summary>
    public required IReadOnlyList<Column> Columns { get; init; }

    /// <summary>The things; each row has a value per column.</summary>
    public required IReadOnlyList<Value[]> Rows { get; init; }
}

/// <summary>A column of a table.</summary>
/// <param name="Name">Its name in JSON, which never changes.</param>
/// <param name="Header">Its header for people; null when it is in JSON only.</param>
/// <param name="Right">Whether it is aligned to the right, as numbers are.</param>
internal readonly record struct Column(string Name, string? Header, bool Right = false);
