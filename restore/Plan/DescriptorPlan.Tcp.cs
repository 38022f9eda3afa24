using System.Buffers.Binary;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Network;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Plan;

/// <content>
/// TCP connections. A socket in repair mode connects without a word, takes sequence numbers and both queues as they were, and closes
/// without a word, too, if the restore fails. <see cref="Session.RepairedConnections"/> ends the repair when all is there.
/// </content>
internal sealed partial class DescriptorPlan
{
    // The kernel takes no more of a repaired queue in one call.
    private const int LargestPiece = 32 << 10;
    private const int SockRaw = 3;
    private const int IpProtocolRaw = 255;
    private const int DoNotWait = 0x40; // MSG_DONTWAIT

    private void CreateConnection(TcpConnectionRecord connection)
    {
        ConnectionAddress address = ConnectionAddress.Of(connection);
        string subject = $"{Describe(connection)} {address}";
        Program.About(subject);
        CallResultRef made = Program.Call(SystemCall.socket, connection.Family, connection.Type | CloseOnExec, TcpOptions.Level);
        SetTcp(TcpOptions.Repair, 1);
        SetSocket(TcpOptions.ForceSendBuffer, RoomFor(connection.SendQueue.Length, connection.Buffers.Send));
        SetSocket(TcpOptions.ForceReceiveBuffer, RoomFor(connection.ReceiveQueue.Length, connection.Buffers.Receive));
        SetOptions(FirstFree, connection with { Options = [.. connection.Options.Where(option => !IsReuse(option))] });
        SetSequence(TcpOptions.SendQueue, connection.SendSequence - (uint)connection.SendQueue.Length);
        SetSequence(TcpOptions.ReceiveQueue, connection.ReceiveSequence - (uint)connection.ReceiveQueue.Length);
        Program.About($"{subject}, whose address this host must have, and no other connection");
        Program.Call(SystemCall.bind, FirstFree, Program.Data(connection.LocalAddress.Span), connection.LocalAddress.Length);
        Program.Call(SystemCall.connect, FirstFree, Program.Data(connection.PeerAddress.Span), connection.PeerAddress.Length);
        Program.About($"what the ends of {subject} agreed on");
        SetAgreement(connection.Agreement);
        SetTcp(TcpOptions.Timestamp, connection.Timestamp);
        Program.About($"the queues of {subject}");
        FillQueue(TcpOptions.ReceiveQueue, connection.ReceiveQueue);
        FillQueue(TcpOptions.SendQueue, connection.SendQueue[..^connection.Unsent]);
        Program.About($"the end of {subject}");
        TellEnds(connection, address);
        Program.About($"the windows of {subject}");
        TcpWindow window = connection.Window;
        Program.Call(
            SystemCall.setsockopt,
            FirstFree,
            TcpOptions.Level,
            TcpOptions.RepairWindow,
            Program.Words(Pair(window.SendUpdate, window.Send), Pair(window.LargestSend, window.Receive), window.ReceiveUpdate),
            5 * sizeof(uint));
        SetTcp(TcpOptions.RepairQueue, TcpOptions.NoQueue);
        SetFlags(FirstFree, connection);
        Keep(connection, made);
    }

    // A repaired connection that is given up again has ECONNABORTED waiting, and nothing has gone to anyone.
    private void CreateAborted(InetSocketRecord socket)
    {
        const int AfInet = 2;
        const int NoFamily = 0; // AF_UNSPEC
        byte[] nobody = socket.Family == AfInet
            ? [AfInet, 0, 0, 9, 127, 0, 0, 1, .. new byte[8]]
            : [(byte)socket.Family, 0, 0, 9, .. new byte[19], 1, .. new byte[4]];
        CallResultRef made = Program.Call(SystemCall.socket, socket.Family, socket.Type | CloseOnExec, socket.Protocol);
        SetTcp(TcpOptions.Repair, 1);
        Program.Call(SystemCall.connect, FirstFree, Program.Data(nobody), nobody.Length);
        Program.Call(SystemCall.connect, FirstFree, Program.Words(NoFamily, 0), 2 * sizeof(ulong));
        SetTcp(TcpOptions.Repair, 0);
        SetOptions(FirstFree, socket);
        SetFlags(FirstFree, socket);
        Keep(socket, made);
    }

    /// <summary>Whether an option is one that a socket under repair has a value of its own of.</summary>
    internal static bool IsReuse(SocketOption option) => option is { Level: TcpOptions.SolSocket, Name: TcpOptions.ReuseAddress };

    /// <summary>Room in a buffer for a queue with what the kernel needs around it, in bytes.</summary>
    internal static int RoomFor(int queue, int buffer) => Math.Max(buffer, (4 * queue) + (256 << 10));

    // TCPOPT_MAXSEG, _WINDOW, _SACK_PERM and _TIMESTAMP, each a struct tcp_repair_opt of two numbers.
    private void SetAgreement(TcpAgreement agreement)
    {
        List<ulong> options = [Pair(2, (uint)agreement.MaximumSegment)];
        if (agreement is { SendScale: >= 0, ReceiveScale: >= 0 })
        {
            options.Add(Pair(3, (uint)agreement.SendScale | ((uint)agreement.ReceiveScale << 16)));
        }

        if (agreement.SelectiveAcknowledgment)
        {
            options.Add(Pair(4, 0));
        }

        if (agreement.Timestamps)
        {
            options.Add(Pair(8, 0));
        }

        Program.Call(
            SystemCall.setsockopt, FirstFree, TcpOptions.Level, TcpOptions.RepairOptions, Program.Words([.. options]), options.Count * sizeof(ulong));
    }

    // That it has ended, or has acknowledged our end, only the peer can say: it does so by a segment of ours.
    private void TellEnds(TcpConnectionRecord connection, ConnectionAddress address)
    {
        const int TellsEnd = 0x2000; // POLLRDHUP
        const int Milliseconds = 2000;
        const int WriteEnd = 1; // SHUT_WR
        uint unacknowledged = connection.SendSequence - (uint)connection.SendQueue.Length;
        if (connection.PeerEnded)
        {
            Inject(connection.LocalAddress, TcpSegment.Build(
                address, connection.ReceiveSequence, unacknowledged, TcpSegment.End | TcpSegment.Acknowledgment, WindowOf(connection)));
            Program.Call(SystemCall.poll, Program.Words(FirstFree | ((ulong)TellsEnd << 32)), 1, Milliseconds);
        }
        else if (connection.SendEnd is TcpSendEnd.Acknowledged)
        {
            SetTcp(TcpOptions.RepairQueue, TcpOptions.SendQueue);
            Program.Call(SystemCall.shutdown, FirstFree, WriteEnd);
            Inject(connection.LocalAddress, TcpSegment.Build(
                address, connection.ReceiveSequence, connection.SendSequence + 1, TcpSegment.Acknowledgment, WindowOf(connection)));
        }
    }

    // By a raw socket, past what keeps real packets away while connections are made.
    private void Inject(ReadOnlyMemory<byte> localAddress, byte[] packet)
    {
        const int AfInet = 2;
        const int AfInet6 = 10;
        const int LengthV6 = 28;
        byte[] destination = localAddress.ToArray();
        if (destination.Length >= LengthV6 && InetEndpoint.Of(localAddress) is { IsV6: false } mapped)
        {
            destination = [AfInet, 0, 0, 0, .. mapped.Address.Span, .. new byte[8]];
        }

        destination.AsSpan(2, sizeof(ushort)).Clear();
        int family = destination.Length >= LengthV6 ? AfInet6 : AfInet;
        CallResultRef raw = Program.Call(SystemCall.socket, family, SockRaw | CloseOnExec, IpProtocolRaw);
        Program.Call(SystemCall.setsockopt, raw, TcpOptions.SolSocket, TcpOptions.PacketMark, Program.Words(FilterTable.Mark), sizeof(uint));
        Program.Call(SystemCall.sendto, raw, Program.Data(packet), packet.Length, 0, Program.Data(destination), destination.Length);
        Program.Call(SystemCall.close, raw);
    }

    private static ushort WindowOf(TcpConnectionRecord connection) =>
        (ushort)Math.Min(connection.Window.Send >> Math.Max(0, connection.Agreement.SendScale), ushort.MaxValue);

    private void FillQueue(int queue, ReadOnlyMemory<byte> content)
    {
        SetTcp(TcpOptions.RepairQueue, (uint)queue);
        for (int at = 0; at < content.Length; at += LargestPiece)
        {
            ReadOnlyMemory<byte> piece = content.Slice(at, Math.Min(LargestPiece, content.Length - at));
            Program.Call(SystemCall.sendto, FirstFree, Program.Data(piece.Span), piece.Length, DoNotWait, 0, 0);
        }
    }

    private void SetSequence(int queue, uint sequence)
    {
        SetTcp(TcpOptions.RepairQueue, (uint)queue);
        SetTcp(TcpOptions.QueueSequence, sequence);
    }

    private void SetTcp(int option, uint value) =>
        Program.Call(SystemCall.setsockopt, FirstFree, TcpOptions.Level, option, Program.Words(value), sizeof(uint));

    private void SetSocket(int option, int value) =>
        Program.Call(SystemCall.setsockopt, FirstFree, TcpOptions.SolSocket, option, Program.Words((ulong)value), sizeof(int));

    private static ulong Pair(uint low, uint high) => low | ((ulong)high << 32);
}
