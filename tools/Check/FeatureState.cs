namespace LazyRestore.Tools.Check;

/// <summary>What this kernel and user can do with a feature.</summary>
internal enum FeatureState
{
    /// <summary>All of it.</summary>
    Ok,

    /// <summary>Works with a restriction, or is missing and not needed.</summary>
    Limited,

    /// <summary>Missing.</summary>
    Missing,
}
