namespace LazyRestore.Tools.Check;

/// <summary>Finds out about one feature, by using it wherever that does no harm.</summary>
/// <param name="Feature">Its name, which never changes.</param>
/// <param name="Needed">Whether dump or restore cannot work without it.</param>
/// <param name="Examine">Looks.</param>
internal sealed record Probe(string Feature, bool Needed, Func<Finding> Examine);
