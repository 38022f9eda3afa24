namespace LazyRestore.Agent.Costs;

/// <summary>What it cost to place pages in one way.</summary>
/// <param name="Kind">What was done.</param>
/// <param name="InHugePages">Whether whole huge pages of 2 MiB were moved; otherwise pages of 4 KiB.</param>
/// <param name="BatchPages">How many pages of 4 KiB each call placed.</param>
/// <param name="OtherThreads">How many other threads of the address space were running: they make unmapping dearer.</param>
/// <param name="Nanoseconds">The cost of 4 KiB.</param>
public readonly record struct PlacementCost(PlacementKind Kind, bool InHugePages, int BatchPages, int OtherThreads, double Nanoseconds);
