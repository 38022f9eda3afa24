using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Network;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Plan;

internal sealed partial class DescriptorPlan
{
    private const int AfUnix = 1;
    private const int SolSocket = 1;
    private const int SoReuseAddress = 2;
    private const int IpProtocolTcp = 6;

    private void CreateUnixSocket(UnixSocketRecord socket)
    {
        UnixSocketRecord? peer = socket.PeerInode == 0
            ? null
            : _checkpoint.Files.OfType<UnixSocketRecord>().FirstOrDefault(other => other.Inode == socket.PeerInode);
        if (peer != null || socket.PeerClosed)
        {
            CreatePair(socket, peer);
            return;
        }

        if (socket.ReceiveQueue.Count > 0)
        {
            throw new LazyRestoreException(
                FailureReason.Unsupported, $"{Describe(socket)} holds messages from a sender outside of the process; this version cannot restore them");
        }

        CallResultRef made = Program.Call(SystemCall.socket, AfUnix, socket.Type | CloseOnExec, 0);
        SetOptions(FirstFree, socket);
        Bind(socket);
        Finish(socket);
        Keep(socket, made);
    }

    private void CreatePair(UnixSocketRecord first, UnixSocketRecord? second)
    {
        Program.Call(SystemCall.socketpair, AfUnix, first.Type | CloseOnExec, 0, Program.Reserve(8));
        SetOptions(FirstFree, first);
        Send(SecondFree, first.ReceiveQueue);
        if (second != null)
        {
            SetOptions(SecondFree, second);
            Send(FirstFree, second.ReceiveQueue);
            ShutDown(SecondFree, second);
            SetFlags(SecondFree, second);
            Keep(second, SecondFree);
        }

        ShutDown(FirstFree, first);
        SetFlags(FirstFree, first);
        Keep(first, FirstFree);
    }

    private void CreateInetSocket(InetSocketRecord socket)
    {
        CallResultRef made = Program.Call(SystemCall.socket, socket.Family, socket.Type | CloseOnExec, socket.Protocol);
        SetOptions(FirstFree, socket);
        if (socket.LocalAddress.Length > 0)
        {
            // Connections that the process closed may still linger at the address.
            bool keepsReuse = socket.Options.Any(option => option is { Level: SolSocket, Name: SoReuseAddress });
            bool lends = socket.Protocol == IpProtocolTcp && !keepsReuse;
            if (lends)
            {
                SetReuse(1);
            }

            Program.Call(SystemCall.bind, FirstFree, Program.Data(socket.LocalAddress.Span), socket.LocalAddress.Length);
            if (lends)
            {
                SetReuse(0);
            }
        }

        // A connected socket receives from its peer alone, but what others had sent before waits in it too.
        foreach (InetDatagram datagram in socket.Datagrams)
        {
            Inject(datagram.Destination, UdpDatagram.Build(InetEndpoint.Of(datagram.Source), InetEndpoint.Of(datagram.Destination), datagram.Content.Span));
        }

        if (socket.PeerAddress.Length > 0)
        {
            Program.Call(SystemCall.connect, FirstFree, Program.Data(socket.PeerAddress.Span), socket.PeerAddress.Length);
        }

        Finish(socket);
        Keep(socket, made);
    }

    private void CreateNetlinkSocket(NetlinkSocketRecord socket)
    {
        const int AfNetlink = 16;
        const int SolNetlink = 270;
        const int AddMembership = 1;
        CallResultRef made = Program.Call(SystemCall.socket, AfNetlink, socket.Type | CloseOnExec, socket.Protocol);
        SetOptions(FirstFree, socket);
        if (HasPort(socket.LocalAddress.Span))
        {
            Program.Call(SystemCall.bind, FirstFree, Program.Data(socket.LocalAddress.Span), socket.LocalAddress.Length);
        }

        foreach (uint group in socket.Groups)
        {
            Program.Call(SystemCall.setsockopt, FirstFree, SolNetlink, AddMembership, Program.Words(group), sizeof(int));
        }

        if (HasPort(socket.PeerAddress.Span))
        {
            Program.Call(SystemCall.connect, FirstFree, Program.Data(socket.PeerAddress.Span), socket.PeerAddress.Length);
        }

        Finish(socket);
        Keep(socket, made);
    }

    // struct sockaddr_nl: family, padding, port, groups; all zero is the kernel's own, which is also what an unbound socket has.
    private static bool HasPort(ReadOnlySpan<byte> address) => address.Length > 4 && address[4..].ContainsAnyExcept((byte)0);

    private void SetReuse(int value) =>
        Program.Call(SystemCall.setsockopt, FirstFree, SolSocket, SoReuseAddress, Program.Words((ulong)value), sizeof(int));

    private void SetOptions(int descriptor, SocketRecord socket)
    {
        foreach (SocketOption option in socket.Options)
        {
            Program.Call(
                SystemCall.setsockopt, descriptor, option.Level, option.Name, Program.Data(option.Value.Span), option.Value.Length);
        }
    }

    private void Bind(UnixSocketRecord socket)
    {
        if (socket.Address.Length == 0)
        {
            return;
        }

        if (socket.Address.Span[0] != 0)
        {
            // The socket of the saved process still has the name; SocketNames has checked that it is one.
            Program.Try(SystemCall.unlink, Program.Data([.. socket.Address.Span, 0]));
        }

        DataRef address = Program.Data([AfUnix, 0, .. socket.Address.Span]);
        Program.Call(SystemCall.bind, FirstFree, address, address.Length);
    }

    private void Finish(SocketRecord socket)
    {
        if (socket.Listening)
        {
            Program.Call(SystemCall.listen, FirstFree, socket.Backlog);
        }

        SetFlags(FirstFree, socket);
    }

    private void Send(int descriptor, IReadOnlyList<ReadOnlyMemory<byte>> messages)
    {
        foreach (ReadOnlyMemory<byte> message in messages)
        {
            Program.Call(SystemCall.sendto, descriptor, Program.Data(message.Span), message.Length, 0, 0, 0);
        }
    }

    private void ShutDown(int descriptor, UnixSocketRecord socket)
    {
        const int Read = 1;
        const int Write = 2;
        if (socket.ShutDown != 0)
        {
            int how = socket.ShutDown switch { Read => 0, Write => 1, _ => 2 };
            Program.Call(SystemCall.shutdown, descriptor, how);
        }
    }
}
