using System.Collections.Immutable;

namespace LazyRestore.Agent.Tuning;

/// <summary>What the tuner of a service has decided, and why.</summary>
public sealed record PlacementReport
{
    /// <summary>How whole extents were placed at first.</summary>
    public required PlacementMethod First { get; init; }

    /// <summary>Why.</summary>
    public required ChoiceReason Reason { get; init; }

    /// <summary>The switches to the other method, in order.</summary>
    public required ImmutableArray<PlacementSwitch> Switches { get; init; }

    /// <summary>How they are placed now.</summary>
    public PlacementMethod Method => Switches is [.., var last] ? last.To : First;

    /// <summary>Why that.</summary>
    public ChoiceReason LastReason => Switches.IsEmpty ? Reason : ChoiceReason.Measured;

    /// <summary>How many pages are copied at once while nobody waits for any.</summary>
    public required int BatchPages { get; init; }

    /// <summary>The nanoseconds that fetching and copying a page of 4 KiB takes; null when none was copied.</summary>
    public required double? CopyNanoseconds { get; init; }

    /// <summary>The nanoseconds that 4 KiB take where extents are fetched and moved side by side; null when nothing was moved.</summary>
    public required double? MoveNanoseconds { get; init; }

    /// <summary>The time in which pages were placed.</summary>
    public required TimeSpan Worked { get; init; }

    /// <summary>The part of it in which the method was tried that was not the chosen one.</summary>
    public required TimeSpan Tried { get; init; }

    /// <summary>What adds up over several services.</summary>
    public PlacementTotals Totals => new(SwitchesTo(PlacementMethod.Copy), SwitchesTo(PlacementMethod.Move), Worked, Tried);

    private int SwitchesTo(PlacementMethod method) => Switches.Count(change => change.To == method);
}
