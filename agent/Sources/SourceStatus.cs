namespace LazyRestore.Agent.Sources;

/// <summary>How the source of a process's pages is, and who waits for it.</summary>
/// <param name="Name">Where the pages come from, for people.</param>
/// <param name="IsLost">Whether it cannot be reached.</param>
/// <param name="LostFor">How long it has been lost; zero when it is not.</param>
/// <param name="Losses">How often it was lost so far.</param>
/// <param name="Problem">Why it was lost last; null when it never was.</param>
/// <param name="WaitingFaults">How many faults wait for a page that is on its way.</param>
/// <param name="LongestWait">How long the first of them has waited.</param>
public sealed record SourceStatus(
    string Name, bool IsLost, TimeSpan LostFor, int Losses, string? Problem, int WaitingFaults, TimeSpan LongestWait);
