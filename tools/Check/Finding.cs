namespace LazyRestore.Tools.Check;

/// <summary>What a probe found.</summary>
/// <param name="State">How it stands.</param>
/// <param name="Detail">What was seen.</param>
/// <param name="Remedy">What to do, or what follows from it; null when all is well.</param>
internal sealed record Finding(FeatureState State, string Detail, string? Remedy = null)
{
    /// <summary>All is well.</summary>
    public static Finding Ok(string detail) => new(FeatureState.Ok, detail);

    /// <summary>Works with a restriction.</summary>
    public static Finding Limited(string detail, string remedy) => new(FeatureState.Limited, detail, remedy);

    /// <summary>Missing.</summary>
    public static Finding Missing(string detail, string remedy) => new(FeatureState.Missing, detail, remedy);
}
