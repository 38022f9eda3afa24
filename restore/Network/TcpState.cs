namespace LazyRestore.Restore.Network;

/// <summary>States of a TCP socket by their numbers, include/net/tcp_states.h.</summary>
public static class TcpState
{
    /// <summary>Both ends can send.</summary>
    public const int Established = 1;

    /// <summary>A connection has been asked for.</summary>
    public const int SynSent = 2;

    /// <summary>This end has ended, which has not been acknowledged.</summary>
    public const int FinWait1 = 4;

    /// <summary>This end has ended, which has been acknowledged.</summary>
    public const int FinWait2 = 5;

    /// <summary>Not connected, not any more, or both ends have ended.</summary>
    public const int Closed = 7;

    /// <summary>The peer has ended.</summary>
    public const int CloseWait = 8;

    /// <summary>The peer has ended, then this end, which has not been acknowledged.</summary>
    public const int LastAck = 9;

    /// <summary>It waits for connections.</summary>
    public const int Listen = 10;

    /// <summary>This end has ended, then the peer, and this end's has not been acknowledged.</summary>
    public const int Closing = 11;

    // In the order of their numbers.
    private static readonly string[] s_names =
    [
        "", "established", "SYN sent", "SYN received", "FIN wait 1", "FIN wait 2", "time wait", "closed", "close wait", "last ACK",
        "listening", "closing",
    ];

    /// <summary>A state as people call it.</summary>
    public static string Name(int state) => s_names[state];
}
