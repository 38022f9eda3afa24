namespace LazyRestore.Agent.Sources;

/// <summary>What a page source has brought so far.</summary>
/// <param name="Kind">What kind of source: file, command, or the scheme of a location, such as tcp.</param>
/// <param name="Bytes">Bytes that were read or received of pages and what describes them, as they are stored.</param>
/// <param name="Requests">How often something was asked for; 0 for a file.</param>
/// <param name="Retries">How often it had to be asked for again, or of another server; 0 for a file.</param>
public readonly record struct SourceTraffic(string Kind, long Bytes, long Requests, long Retries)
{
    /// <summary>What two sources have brought together; the kind is that of the first.</summary>
    public static SourceTraffic operator +(SourceTraffic one, SourceTraffic other) =>
        one with { Bytes = one.Bytes + other.Bytes, Requests = one.Requests + other.Requests, Retries = one.Retries + other.Retries };
}
