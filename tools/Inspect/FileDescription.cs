using System.Globalization;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Inspect;

/// <summary>Open files in words.</summary>
internal sealed class FileDescription(Checkpoint checkpoint)
{
    private const uint FileTypeMask = 0xF000;
    private const uint Directory = 0x4000;
    private const uint CharacterDevice = 0x2000;
    private const int Tcp = 6;

    private readonly Dictionary<int, MemoryObjectRecord> _objects = checkpoint.Objects.ToDictionary(stored => stored.Id);

    /// <summary>The kind of file; these names never change.</summary>
    public static string Kind(OpenFileRecord file) => file switch
    {
        PathFileRecord path => (path.Identity.Mode & FileTypeMask) switch
        {
            Directory => "directory",
            CharacterDevice => "character_device",
            _ => "regular_file",
        },
        ObjectFileRecord => "memory_object",
        PipeRecord => "pipe",
        ExternalStreamRecord => "external_stream",
        EventFdRecord => "eventfd",
        EpollRecord => "epoll",
        TimerFdRecord => "timerfd",
        SignalFdRecord => "signalfd",
        InotifyRecord => "inotify",
        PidFdRecord => "pidfd",
        NamedPipeRecord => "named_pipe",
        MessageQueueRecord => "message_queue",
        NetlinkSocketRecord => "netlink_socket",
        UnixSocketRecord => "unix_socket",
        TerminalMasterRecord => "terminal_master",
        TerminalRecord => "terminal",
        TerminalJobRecord => "terminal_job",
        TcpConnectionRecord => "tcp_connection",
        InetSocketRecord { Protocol: Tcp } => "tcp_socket",
        InetSocketRecord => "udp_socket",
        _ => file.GetType().Name,
    };

    /// <summary>What there is to know of it.</summary>
    public string Detail(OpenFileRecord file) => file switch
    {
        PathFileRecord path => path.Path,
        ObjectFileRecord stored => OfObject(_objects[stored.ObjectId]),
        PipeRecord pipe =>
            $"pipe {pipe.PipeId}, {(pipe.WriteEnd ? "write" : "read")} end, {Readable.Bytes(pipe.Capacity)}{Queued(pipe.Content.Sum(piece => piece.Length))}",
        ExternalStreamRecord stream => $"the restorer's stream {stream.Stream}, was {stream.Description}",
        EventFdRecord counter => $"count {counter.Count}{(counter.Semaphore ? ", semaphore" : "")}",
        EpollRecord epoll => $"watches {string.Join(", ", epoll.Interests.Select(interest => interest.Descriptor))}",
        TimerFdRecord timer =>
            $"{KernelNames.Clock(timer.Clock)}, {(timer.ValueNanoseconds is 0 ? "disarmed" : $"expires in {Nanoseconds(timer.ValueNanoseconds)}")}",
        SignalFdRecord signals => string.Create(CultureInfo.InvariantCulture, $"mask 0x{signals.Mask:x}"),
        InotifyRecord inotify => $"watches {string.Join(", ", inotify.Watches.Select(watch => watch.Path))}",
        PidFdRecord process => string.Create(CultureInfo.InvariantCulture, $"process {process.Process}"),
        NamedPipeRecord pipe => $"{pipe.Path}, {Readable.Bytes(pipe.Capacity)}{Queued(pipe.Content.Length)}",
        TerminalMasterRecord master => OfTerminal(master),
        TerminalRecord terminal => terminal.HungUp ? $"{terminal.Path}, hung up" : terminal.Path,
        TerminalJobRecord job => $"the restorer's terminal, was {job.Path}",
        MessageQueueRecord queue => queue.Name,
        NetlinkSocketRecord netlink => string.Create(CultureInfo.InvariantCulture, $"protocol {netlink.Protocol}, {netlink.Groups.Count} groups"),
        UnixSocketRecord socket => OfUnixSocket(socket),
        InetSocketRecord socket => OfInetSocket(socket),
        TcpConnectionRecord connection => OfConnection(connection),
        _ => "",
    };

    /// <summary>A memory object in words.</summary>
    public static string OfObject(MemoryObjectRecord stored) => stored.Kind switch
    {
        MemoryObjectKind.SharedAnonymous => $"object {stored.Id}, shared memory, {Readable.Bytes(stored.Size)}",
        MemoryObjectKind.MemFd => $"object {stored.Id}, memfd {stored.Name}, {Readable.Bytes(stored.Size)}",
        _ => $"object {stored.Id}, {stored.Name} (deleted), {Readable.Bytes(stored.Size)}",
    };

    private static string OfTerminal(TerminalMasterRecord master) =>
        string.Create(CultureInfo.InvariantCulture, $"/dev/pts/{master.Index}")
        + (master.ForegroundGroup is 0 ? "" : $", process group {master.ForegroundGroup} in the foreground")
        + Queued(master.Lines.Sum(line => line.Length) + master.Input.Length + master.Output.Length);

    private static string OfUnixSocket(UnixSocketRecord socket) =>
        $"{KernelNames.SocketType(socket.Type)} {SocketAddress.Unix(socket.Address.Span)}"
        + (socket.Listening ? $", listening ({socket.Backlog})" : "")
        + (socket.PeerInode is 0 ? "" : $", peer {socket.PeerInode}")
        + Queued(socket.ReceiveQueue.Sum(message => message.Length));

    private static string OfInetSocket(InetSocketRecord socket) =>
        SocketAddress.Inet(socket.LocalAddress.Span)
        + (socket.Listening ? $", listening ({socket.Backlog})" : "")
        + (socket.PeerAddress.IsEmpty ? "" : $", peer {SocketAddress.Inet(socket.PeerAddress.Span)}");

    private static string OfConnection(TcpConnectionRecord connection) =>
        $"{SocketAddress.Inet(connection.LocalAddress.Span)}, peer {SocketAddress.Inet(connection.PeerAddress.Span)}"
        + (connection.PeerEnded ? ", peer has ended" : "")
        + (connection.SendEnd is TcpSendEnd.Open ? "" : ", shut down for writing")
        + Queued(connection.ReceiveQueue.Length)
        + (connection.SendQueue.IsEmpty ? "" : $", {connection.SendQueue.Length} bytes to be acknowledged");

    private static string Queued(int bytes) => bytes is 0 ? "" : $", {bytes} bytes queued";

    private static string Nanoseconds(long nanoseconds) =>
        Readable.Duration(TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick));
}
