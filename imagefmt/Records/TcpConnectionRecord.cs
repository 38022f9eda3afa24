namespace LazyRestore.ImageFormat.Records;

/// <summary>A TCP connection over IPv4 or IPv6: what TCP_REPAIR (include/uapi/linux/tcp.h) tells of it, and makes it anew from.</summary>
public sealed record TcpConnectionRecord : SocketRecord
{
    /// <summary>AF_INET or AF_INET6.</summary>
    public required int Family { get; init; }

    /// <summary>The raw socket address of this end, with the family.</summary>
    public required ReadOnlyMemory<byte> LocalAddress { get; init; }

    /// <summary>The raw socket address of the peer, with the family.</summary>
    public required ReadOnlyMemory<byte> PeerAddress { get; init; }

    /// <summary>Whether the peer has sent its last byte (FIN), and it has been received.</summary>
    public required bool PeerEnded { get; init; }

    /// <summary>Whether this end has sent its last byte, or is about to.</summary>
    public required TcpSendEnd SendEnd { get; init; }

    /// <summary>The sequence number after the last byte of <see cref="SendQueue"/>.</summary>
    public required uint SendSequence { get; init; }

    /// <summary>The sequence number after the last byte of <see cref="ReceiveQueue"/>.</summary>
    public required uint ReceiveSequence { get; init; }

    /// <summary>What was written and not acknowledged.</summary>
    public required ReadOnlyMemory<byte> SendQueue { get; init; }

    /// <summary>How many bytes at the end of <see cref="SendQueue"/> had not been sent even once.</summary>
    public required int Unsent { get; init; }

    /// <summary>What was received and not read.</summary>
    public required ReadOnlyMemory<byte> ReceiveQueue { get; init; }

    /// <summary>What both ends agreed on.</summary>
    public required TcpAgreement Agreement { get; init; }

    /// <summary>The windows.</summary>
    public required TcpWindow Window { get; init; }

    /// <summary>The clock of the timestamps that this end sends, TCP_TIMESTAMP; it goes on from there.</summary>
    public required uint Timestamp { get; init; }

    /// <summary>SO_SNDBUF and SO_RCVBUF as they were set, not doubled.</summary>
    public required TcpBuffers Buffers { get; init; }
}

/// <summary>How far the end of what a TCP socket sends has come.</summary>
public enum TcpSendEnd
{
    /// <summary>More can be sent.</summary>
    Open,

    /// <summary>The end (FIN) waits to be sent or acknowledged.</summary>
    Sent,

    /// <summary>The peer has acknowledged the end.</summary>
    Acknowledged,
}

/// <summary>What the two ends of a TCP connection agreed on when it was made (TCP_REPAIR_OPTIONS).</summary>
/// <param name="MaximumSegment">The largest segment that the peer takes, in bytes.</param>
/// <param name="SendScale">The shift of the windows that the peer tells; -1 when windows are not scaled.</param>
/// <param name="ReceiveScale">The shift of the windows that this end tells; -1 when windows are not scaled.</param>
/// <param name="SelectiveAcknowledgment">SACK.</param>
/// <param name="Timestamps">Whether segments bear timestamps.</param>
public readonly record struct TcpAgreement(int MaximumSegment, int SendScale, int ReceiveScale, bool SelectiveAcknowledgment, bool Timestamps);

/// <summary>The windows of a TCP connection: struct tcp_repair_window, TCP_REPAIR_WINDOW.</summary>
/// <param name="SendUpdate">snd_wl1: the segment that updated the send window last.</param>
/// <param name="Send">snd_wnd: what the peer is ready to receive.</param>
/// <param name="LargestSend">max_window: the largest that the peer ever told.</param>
/// <param name="Receive">rcv_wnd: what this end has promised to receive.</param>
/// <param name="ReceiveUpdate">rcv_wup: the sequence number at which it promised that.</param>
public readonly record struct TcpWindow(uint SendUpdate, uint Send, uint LargestSend, uint Receive, uint ReceiveUpdate);

/// <summary>The buffers of a TCP connection, which the kernel resizes unless the program has set them.</summary>
/// <param name="Send">SO_SNDBUF in bytes.</param>
/// <param name="Receive">SO_RCVBUF in bytes.</param>
/// <param name="Locks">SO_BUF_LOCK: 1 when the program set the send buffer, 2 the receive buffer.</param>
public readonly record struct TcpBuffers(int Send, int Receive, int Locks);
