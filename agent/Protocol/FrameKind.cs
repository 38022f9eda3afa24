namespace LazyRestore.Agent.Protocol;

/// <summary>The frames of the protocol.</summary>
internal enum FrameKind
{
    /// <summary>One of a later version: it is skipped.</summary>
    Unknown,

    /// <summary>The first frame of each side.</summary>
    Hello,

    /// <summary>Asks for the names of the images.</summary>
    List,

    /// <summary>Opens an image.</summary>
    Open,

    /// <summary>Asks for everything of an image but its extents.</summary>
    Manifest,

    /// <summary>Asks for stored pages of an extent.</summary>
    Pages,

    /// <summary>Asks for bytes of an image.</summary>
    Read,

    /// <summary>Asks for the recorded working set of an image.</summary>
    Advice,

    /// <summary>A part of an answer.</summary>
    Data,

    /// <summary>An answer that cannot be given.</summary>
    Error,

    /// <summary>Allows more bulk payload.</summary>
    Credit,

    /// <summary>An answer is not wanted any more.</summary>
    Cancel,

    /// <summary>Asks for a pong.</summary>
    Ping,

    /// <summary>Answers a ping.</summary>
    Pong,

    /// <summary>The server takes no further requests.</summary>
    Drain,

    /// <summary>Of a provider: which space the pages belong to that follow.</summary>
    Space,

    /// <summary>To a provider: somebody waits for pages.</summary>
    Want,

    /// <summary>To a provider: no page is needed any more.</summary>
    Done,
}
