namespace LazyRestore.Agent.Sources.Remote;

/// <summary>Counts what comes from an image elsewhere for one process. Any thread may count.</summary>
internal sealed class SourceMeter
{
    private long _bytes;
    private long _requests;
    private long _attempts;

    /// <summary>Counts bytes that came.</summary>
    internal void AddBytes(long bytes) => _ = Interlocked.Add(ref _bytes, bytes);

    /// <summary>Counts something that is asked for.</summary>
    internal void AddRequest() => _ = Interlocked.Increment(ref _requests);

    /// <summary>Counts a question to a server.</summary>
    internal void AddAttempt() => _ = Interlocked.Increment(ref _attempts);

    /// <summary>What has come so far.</summary>
    /// <param name="name">Where the image is, for people.</param>
    internal SourceTraffic TrafficOf(string name)
    {
        long requests = Volatile.Read(ref _requests);
        return new SourceTraffic(KindOf(name), Volatile.Read(ref _bytes), requests, Math.Max(0, Volatile.Read(ref _attempts) - requests));
    }

    // A command stands in quotes.
    private static string KindOf(string name) => name is [>= 'a' and <= 'z', ..] && name.IndexOf(':') is > 0 and int end ? name[..end] : "command";
}
