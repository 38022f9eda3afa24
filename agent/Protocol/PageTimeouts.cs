namespace LazyRestore.Agent.Protocol;

/// <summary>How long either side of a page connection waits for what.</summary>
internal sealed record PageTimeouts
{
    /// <summary>Those that docs/protocol.md names.</summary>
    internal static readonly PageTimeouts Usual = new();

    /// <summary>A side that has sent or heard nothing for so long sends a ping.</summary>
    internal TimeSpan KeepAlive { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>A side that has heard nothing for so long takes the connection for lost.</summary>
    internal TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The same for a client that has asked for something.</summary>
    internal TimeSpan Stall { get; init; } = TimeSpan.FromMilliseconds(1200);

    /// <summary>A connection that is not made after so long is tried in another attempt as well: the first packet may be lost.</summary>
    internal TimeSpan Redial { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>From the beginning of a connection to the end of the greetings, encryption included.</summary>
    internal TimeSpan Greeting { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For an image to be opened, whatever stands in the way at first.</summary>
    internal TimeSpan Opening { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The same when a cache knows what the image is.</summary>
    internal TimeSpan OpeningWithCache { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>For an answer that somebody waits for, from a server that is not silent otherwise.</summary>
    internal TimeSpan Demand { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>For an answer that nobody waits for.</summary>
    internal TimeSpan Bulk { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>After so long another replica is asked the same, when somebody waits.</summary>
    internal TimeSpan Hedge { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>For so long a replica is not asked that has failed twice; half a second at least.</summary>
    internal TimeSpan Break { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Before a first further attempt; later ones wait longer, up to <see cref="LongestRetry"/>.</summary>
    internal TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Between two attempts, at most.</summary>
    internal TimeSpan LongestRetry { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>A server that is to end waits so long for clients to take what they have asked for.</summary>
    internal TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The same, with less patience when an image is opened.</summary>
    internal PageTimeouts Within(TimeSpan patience) => this with
    {
        Opening = patience < Opening ? patience : Opening,
        OpeningWithCache = patience < OpeningWithCache ? patience : OpeningWithCache,
    };
}
