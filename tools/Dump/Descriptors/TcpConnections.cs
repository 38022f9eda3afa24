using System.Buffers.Binary;
using System.Runtime.InteropServices;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Network;
using LazyRestore.Tools.Dump.Support;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>TCP connections: saved, given up or refused, as the user wants it.</summary>
internal sealed unsafe class TcpConnections(
    DumpChoices choices, StandardStreams streams, IReadOnlyList<OpenDescription> all, HeldConnections held, Refusals refusals)
{
    private const int MostQueued = 15 << 20;
    private const int MostReadings = 8;
    private const int InfoSize = 104;
    private const int TCP_MAXSEG = 2;
    private const int TCP_WINDOW_CLAMP = 10;
    private const int TCP_TIMESTAMP = 24;
    private const int TCP_REPAIR_WINDOW = 29;
    private const int TCP_ULP = 31;
    private const int SO_SNDBUF = 7;
    private const int SO_RCVBUF = 8;
    private const int SO_BUF_LOCK = 72;
    private bool _locked;

    /// <summary>The record of a connected socket; null when it is refused.</summary>
    /// <param name="description">The socket.</param>
    /// <param name="family">AF_INET or AF_INET6.</param>
    /// <param name="state">Its state, <see cref="TcpState"/>.</param>
    public OpenFileRecord? Record(OpenDescription description, int family, int state)
    {
        switch (choices.Tcp)
        {
            case TcpPolicy.Close:
                return Aborted(description, family);
            case TcpPolicy.Save when !IsSaveable(description, state):
                return null;
            case TcpPolicy.Save when choices.LookOnly:
                return Aborted(description, family);
            case TcpPolicy.Save:
                LockAll();
                return Read(description, family, state);
            default:
                return streams.Replace(
                    description,
                    UnsupportedKind.OutsideStream,
                    UnsupportedKind.TcpConnection,
                    $"{Describe(SocketQuery.LocalAddress(description.First))} -> {Describe(SocketQuery.PeerAddress(description.First))}, {TcpState.Name(state)}",
                    description.StandardStream);
        }
    }

    /// <summary>The state of a TCP socket; of a listening one how many connections wait, and how many may.</summary>
    // struct tcp_info: the state is its first byte; of a listening socket, tcpi_unacked and tcpi_sacked are the connections that
    // wait and the most that may.
    public static (int State, int Waiting, int Backlog) State(OpenDescription description)
    {
        byte[] info = Info(description);
        return (info[0], BinaryPrimitives.ReadInt32LittleEndian(info.AsSpan(24)), BinaryPrimitives.ReadInt32LittleEndian(info.AsSpan(28)));
    }

    private static InetSocketRecord Aborted(OpenDescription description, int family) => new()
    {
        Id = description.Id,
        StatusFlags = description.First.StatusFlags,
        Inode = description.First.Status.Inode,
        Type = Interop.SOCK_STREAM,
        Options = Options(description.First, family),
        Listening = false,
        Backlog = 0,
        Family = family,
        Protocol = Interop.IPPROTO_TCP,
        LocalAddress = default,
        PeerAddress = default,
        Aborted = true,
    };

    private bool IsSaveable(OpenDescription description, int state)
    {
        OpenDescriptor first = description.First;
        bool made = state is TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2 or TcpState.CloseWait or TcpState.LastAck or TcpState.Closing;
        if (!made)
        {
            refusals.Add(description.Subject, UnsupportedKind.TcpHandshake, TcpState.Name(state));
            return false;
        }

        if (SocketQuery.Bytes(first.Here, Interop.IPPROTO_TCP, TCP_ULP, 16) is { Length: > 0 })
        {
            refusals.Add(description.Subject, UnsupportedKind.TcpProtocolLayer);
            return false;
        }

        if (SocketQuery.Bytes(first.Here, Interop.SOL_SOCKET, Interop.SO_PEEK_OFF, sizeof(int)) is { } offset && BinaryPrimitives.ReadInt32LittleEndian(offset) >= 0)
        {
            refusals.Add(description.Subject, UnsupportedKind.PeekOffset);
            return false;
        }

        const short Urgent = 2; // POLLPRI
        const short Error = 8; // POLLERR
        Interop.pollfd poll = new() { fd = first.Here, events = Urgent };
        Native.Check("poll", Interop.poll(&poll, 1, 0), description.Subject);
        if ((poll.revents & (Urgent | Error)) != 0)
        {
            refusals.Add(description.Subject, UnsupportedKind.TcpUrgentData);
            return false;
        }

        return true;
    }

    // All connections at once, before the first is read: each request to the packet filter takes its time.
    private void LockAll()
    {
        if (!_locked)
        {
            _locked = true;
            held.Lock([.. all.Where(IsConnected).Select(AddressOf)]);
        }
    }

    private static bool IsConnected(OpenDescription description) =>
        description.First.Status.Type == Interop.S_IFSOCK
        && SocketQuery.Bytes(description.First.Here, Interop.SOL_SOCKET, Interop.SO_PROTOCOL, sizeof(int)) is [Interop.IPPROTO_TCP, ..]
        && SocketQuery.Number(description.First, Interop.SOL_SOCKET, Interop.SO_DOMAIN) is Interop.AF_INET or Interop.AF_INET6
        && SocketQuery.PeerAddress(description.First).Length > 0;

    private static ConnectionAddress AddressOf(OpenDescription description) => new(
        InetEndpoint.Of(SocketQuery.LocalAddress(description.First)), InetEndpoint.Of(SocketQuery.PeerAddress(description.First)));

    private TcpConnectionRecord? Read(OpenDescription description, int family, int state)
    {
        OpenDescriptor first = description.First;
        IReadOnlyList<SocketOption> options = Options(first, family);
        byte[] agreed = Info(description);
        TcpBuffers buffers = new(
            SocketQuery.Number(first, Interop.SOL_SOCKET, SO_SNDBUF) / 2,
            SocketQuery.Number(first, Interop.SOL_SOCKET, SO_RCVBUF) / 2,
            SocketQuery.Number(first, Interop.SOL_SOCKET, SO_BUF_LOCK));
        using TcpRepair repair = TcpRepair.Of(first);
        (uint Send, uint Receive) sequences = (repair.Sequence(TcpRepair.SendQueue), repair.Sequence(TcpRepair.ReceiveQueue));
        for (int reading = 0; reading < MostReadings; reading++)
        {
            byte[]? sent = repair.Read(TcpRepair.SendQueue, MostQueued);
            byte[]? received = repair.Read(TcpRepair.ReceiveQueue, MostQueued);
            if (sent is null || received is null)
            {
                refusals.Add(description.Subject, UnsupportedKind.TcpQueue);
                return null;
            }

            TcpConnectionRecord record = Record(description, family, state, agreed, repair, sent, received) with { Options = options, Buffers = buffers };

            // A segment that had passed the lock already may have come in between.
            (uint, uint) now = (repair.Sequence(TcpRepair.SendQueue), repair.Sequence(TcpRepair.ReceiveQueue));
            if (now == sequences && State(description).State == state)
            {
                held.Add(Duplicate(first));
                return record;
            }

            (sequences, state) = (now, State(description).State);
        }

        throw new LazyRestoreException(FailureReason.Failed, $"{description.Subject}: segments reach the connection that ought to be held back", "Try again.");
    }

    private static TcpConnectionRecord Record(
        OpenDescription description, int family, int state, byte[] info, TcpRepair repair, byte[] sent, byte[] received)
    {
        OpenDescriptor first = description.First;
        bool peerEnded = state is TcpState.CloseWait or TcpState.LastAck or TcpState.Closing;
        TcpSendEnd end = state switch
        {
            TcpState.FinWait1 or TcpState.LastAck or TcpState.Closing => TcpSendEnd.Sent,
            TcpState.FinWait2 => TcpSendEnd.Acknowledged,
            _ => TcpSendEnd.Open,
        };
        uint[] window = Window(first);
        return new TcpConnectionRecord
        {
            Id = description.Id,
            StatusFlags = first.StatusFlags,
            Inode = first.Status.Inode,
            Type = Interop.SOCK_STREAM,
            Options = [],
            Listening = false,
            Backlog = 0,
            Family = family,
            LocalAddress = SocketQuery.LocalAddress(first),
            PeerAddress = SocketQuery.PeerAddress(first),
            PeerEnded = peerEnded,
            SendEnd = end,
            SendSequence = repair.Sequence(TcpRepair.SendQueue) - (end is TcpSendEnd.Open ? 0u : 1),
            ReceiveSequence = repair.Sequence(TcpRepair.ReceiveQueue) - (peerEnded ? 1u : 0),
            SendQueue = sent,
            Unsent = Unsent(first, end, sent.Length),
            ReceiveQueue = received,
            Agreement = Agreement(first, info),
            Window = new TcpWindow(window[0], window[1], window[2], window[3], window[4]),
            Timestamp = (uint)SocketQuery.Number(first, Interop.IPPROTO_TCP, TCP_TIMESTAMP),
            Buffers = default,
        };
    }

    // SIOCOUTQNSD counts an end that has not been sent as a byte.
    private static int Unsent(OpenDescriptor socket, TcpSendEnd end, int queued)
    {
        const nuint SIOCOUTQNSD = 0x894B;
        int unsent = 0;
        Native.Check("ioctl(SIOCOUTQNSD)", Interop.ioctl_int(socket.Here, SIOCOUTQNSD, &unsent), $"descriptor {socket.Number}");
        return Math.Clamp(end is TcpSendEnd.Sent && unsent > 0 ? unsent - 1 : unsent, 0, queued);
    }

    // struct tcp_info: tcpi_options, and the two scales of 4 bits each. Under repair, TCP_MAXSEG is what the peer has told.
    private static TcpAgreement Agreement(OpenDescriptor socket, byte[] info)
    {
        const int Timestamps = 1;
        const int Sack = 2;
        const int Scaling = 4;
        int options = info[5];
        bool scaled = (options & Scaling) != 0;
        return new TcpAgreement(
            SocketQuery.Number(socket, Interop.IPPROTO_TCP, TCP_MAXSEG),
            scaled ? info[6] & 15 : -1,
            scaled ? info[6] >> 4 : -1,
            (options & Sack) != 0,
            (options & Timestamps) != 0);
    }

    private static uint[] Window(OpenDescriptor socket)
    {
        const int Numbers = 5;
        byte[] window = SocketQuery.Bytes(socket.Here, Interop.IPPROTO_TCP, TCP_REPAIR_WINDOW, Numbers * sizeof(uint))
            ?? throw new LazyRestoreException(FailureReason.Unsupported, "this kernel does not tell the windows of TCP connections (TCP_REPAIR_WINDOW)", "Linux 4.8 does.");
        return MemoryMarshal.Cast<byte, uint>(window).ToArray();
    }

    // Of a connection these tell what has come about, not what was asked for.
    private static IReadOnlyList<SocketOption> Options(OpenDescriptor socket, int family) =>
    [
        .. SocketOptions.Differing(socket, family, Interop.SOCK_STREAM, Interop.IPPROTO_TCP).Where(option => option is not (
            { Level: Interop.SOL_SOCKET, Name: SO_SNDBUF or SO_RCVBUF } or { Level: Interop.IPPROTO_TCP, Name: TCP_MAXSEG or TCP_WINDOW_CLAMP })),
    ];

    private static byte[] Info(OpenDescription description) =>
        SocketQuery.Bytes(description.First.Here, Interop.IPPROTO_TCP, Interop.TCP_INFO, InfoSize)
        ?? throw new LazyRestoreException(FailureReason.Failed, $"{description.Subject}: getsockopt(TCP_INFO) failed");

    private static SafeFileHandle Duplicate(OpenDescriptor socket)
    {
        const int F_DUPFD_CLOEXEC = 1030;
        return new SafeFileHandle(Native.Check("fcntl(F_DUPFD_CLOEXEC)", Interop.fcntl(socket.Here, F_DUPFD_CLOEXEC), $"descriptor {socket.Number}"), ownsHandle: true);
    }

    private static string Describe(byte[] address) => address.Length == 0 ? "none" : InetEndpoint.Of(address).ToString();
}
