namespace LazyRestore.Agent.Tuning;

/// <summary>The tuner went over to the other method because the one until then had cost more.</summary>
/// <param name="After">Since the service was created.</param>
/// <param name="To">What is done from then on.</param>
/// <param name="CopyNanoseconds">The nanoseconds that copying a page of 4 KiB took, as far as it was known then.</param>
/// <param name="MoveNanoseconds">The nanoseconds that moving took, per 4 KiB.</param>
public readonly record struct PlacementSwitch(TimeSpan After, PlacementMethod To, double CopyNanoseconds, double MoveNanoseconds);
