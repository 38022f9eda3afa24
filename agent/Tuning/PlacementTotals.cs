namespace LazyRestore.Agent.Tuning;

/// <summary>What of a tuner's report adds up over several services.</summary>
/// <param name="SwitchesToCopy">How often extents were copied from then on.</param>
/// <param name="SwitchesToMove">How often they were moved from then on.</param>
/// <param name="Worked">The time in which pages were placed.</param>
/// <param name="Tried">The part of it in which the method was tried that was not the chosen one.</param>
public readonly record struct PlacementTotals(long SwitchesToCopy, long SwitchesToMove, TimeSpan Worked, TimeSpan Tried)
{
    /// <summary>What two have together.</summary>
    public static PlacementTotals operator +(PlacementTotals one, PlacementTotals other) => new(
        one.SwitchesToCopy + other.SwitchesToCopy, one.SwitchesToMove + other.SwitchesToMove, one.Worked + other.Worked, one.Tried + other.Tried);
}
