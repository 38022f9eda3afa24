namespace LazyRestore.Agent.Protocol;

/// <summary>The fixed numbers of the page protocol; docs/protocol.md specifies it.</summary>
internal static class PageProtocol
{
    /// <summary>The name in the first frame.</summary>
    internal const string Name = "lazyrestore-pages";

    /// <summary>The version of this code.</summary>
    internal const int Version = 1;

    /// <summary>Bytes of a frame without a payload, at most.</summary>
    internal const int LongestFrame = 16 << 10;

    /// <summary>Bytes of payload in a data frame, at most.</summary>
    internal const int LongestPayload = 128 << 10;

    /// <summary>Characters of an image's name, at most.</summary>
    internal const int LongestName = 4096;

    /// <summary>Requests of a client that are not answered yet, at most.</summary>
    internal const int MostRequests = 1024;

    /// <summary>Images that a client may have open on a connection.</summary>
    internal const int MostImages = 16;

    /// <summary>Bytes that a single read may ask for.</summary>
    internal const int LongestRead = 4 << 20;

    /// <summary>A side that has sent nothing for so long sends a ping.</summary>
    internal static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(3);

    /// <summary>A side that has heard nothing for so long takes the connection for lost.</summary>
    internal static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);
}
