namespace LazyRestore.Restore.Plan;

/// <summary>Options of TCP sockets that make and repair connections (linux/tcp.h, asm-generic/socket.h).</summary>
internal static class TcpOptions
{
    internal const int Level = 6; // IPPROTO_TCP
    internal const int Repair = 19; // TCP_REPAIR
    internal const int RepairQueue = 20; // TCP_REPAIR_QUEUE
    internal const int QueueSequence = 21; // TCP_QUEUE_SEQ
    internal const int RepairOptions = 22; // TCP_REPAIR_OPTIONS
    internal const int Timestamp = 24; // TCP_TIMESTAMP
    internal const int RepairWindow = 29; // TCP_REPAIR_WINDOW
    internal const int NoQueue = 0; // TCP_NO_QUEUE
    internal const int ReceiveQueue = 1; // TCP_RECV_QUEUE
    internal const int SendQueue = 2; // TCP_SEND_QUEUE
    internal const int SolSocket = 1;
    internal const int ReuseAddress = 2; // SO_REUSEADDR
    internal const int SendBuffer = 7; // SO_SNDBUF
    internal const int ReceiveBuffer = 8; // SO_RCVBUF
    internal const int ForceSendBuffer = 32; // SO_SNDBUFFORCE
    internal const int ForceReceiveBuffer = 33; // SO_RCVBUFFORCE
    internal const int PacketMark = 36; // SO_MARK
    internal const int BufferLock = 72; // SO_BUF_LOCK
}
