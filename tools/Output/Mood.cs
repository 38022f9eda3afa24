namespace LazyRestore.Tools.Output;

/// <summary>What a value means to the reader, shown by a colour where there are any.</summary>
internal enum Mood
{
    /// <summary>A plain fact.</summary>
    Neutral,

    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Works, with a restriction.</summary>
    Doubtful,

    /// <summary>Does not work.</summary>
    Bad,
}
