namespace LazyRestore.Agent.Costs;

/// <summary>What measured costs speak for.</summary>
/// <param name="MovesHugePages">Whether whole huge pages of 2 MiB are moved rather than copied in small ones.</param>
/// <param name="MovesSmallPages">Whether 2 MiB of small pages are moved rather than copied.</param>
/// <param name="BatchPages">The smallest batch of copied pages that costs hardly more than the cheapest; 0 when copying was not measured.</param>
public readonly record struct PlacementChoice(bool MovesHugePages, bool MovesSmallPages, int BatchPages);
