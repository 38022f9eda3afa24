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

    /// <summary>The capability of servers that answer <see cref="FrameKind.Advice"/>.</summary>
    internal const string Advice = "advice";

    /// <summary>Bytes of a recorded working set, at most.</summary>
    internal const int LongestAdvice = 16 << 20;

    /// <summary>Bytes of a token, at most.</summary>
    internal const int LongestToken = 4096;
}
