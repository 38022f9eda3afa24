using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using LazyRestore.Agent;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Network;
using LazyRestore.Restore.Plan;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Restore.Session;

/// <summary>
/// The TCP connections of a process that is being restored. While the sockets are made nothing of the peers reaches them, and they
/// say nothing; when the process is whole they go on. Until then everything can be given up, and a later restore can still go on with them.
/// </summary>
internal sealed unsafe class RepairedConnections : IDisposable
{
    private const int WriteEnd = 1; // SHUT_WR
    private readonly Checkpoint _checkpoint;
    private readonly TcpConnectionRecord[] _connections;
    private readonly ConnectionLock? _lock;

    private RepairedConnections(Checkpoint checkpoint, TcpConnectionRecord[] connections)
    {
        _checkpoint = checkpoint;
        _connections = connections;
        _lock = connections.Length > 0 ? ConnectionLock.Take([.. connections.Select(ConnectionAddress.Of)]) : null;
    }

    /// <summary>Locks the connections of a checkpoint.</summary>
    internal static RepairedConnections Lock(Checkpoint checkpoint) =>
        new(checkpoint, [.. checkpoint.Files.OfType<TcpConnectionRecord>()]);

    /// <summary>Lets the connections go on, from the sockets that the processes have now.</summary>
    /// <param name="pidOf">The process ID here of a process of the image.</param>
    /// <exception cref="LazyRestoreException">A socket is not as it should be; then none has said anything.</exception>
    internal void GoOn(Func<int, int> pidOf)
    {
        if (_lock is null)
        {
            // Peers of connections that were given up are to hear of it.
            if (_checkpoint.Files.Any(file => file is InetSocketRecord { Aborted: true }))
            {
                ConnectionLock.Release(TableName.Of(_checkpoint.Header.ImageId));
            }

            return;
        }

        List<(TcpConnectionRecord Record, SafeFileHandle Socket)> sockets = [];
        try
        {
            foreach (TcpConnectionRecord connection in _connections)
            {
                (int owner, int descriptor) = Find(connection);
                using PidDescriptor process = PidDescriptor.Open(pidOf(owner));
                sockets.Add((connection, process.Take(descriptor)));
            }

            sockets.ForEach(one => Demand(one.Record, one.Socket));
            ConnectionLock.Release(TableName.Of(_checkpoint.Header.ImageId));
            _lock.Dispose();
            sockets.ForEach(one => GoOn(one.Record, one.Socket));
        }
        finally
        {
            sockets.ForEach(one => one.Socket.Dispose());
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lock?.Dispose();

    private (int Pid, int Descriptor) Find(TcpConnectionRecord connection) => _checkpoint.Processes
        .SelectMany(process => process.Descriptors, (process, descriptor) => (process.Process.Pid, descriptor))
        .Where(one => one.descriptor.FileId == connection.Id).Select(one => (one.Pid, one.descriptor.Number)).First();

    // Both queues are as they were, and both ends.
    private static void Demand(TcpConnectionRecord connection, SafeFileHandle socket)
    {
        int received = Count(socket, Interop.SIOCINQ);
        int sent = Count(socket, Interop.SIOCOUTQ);
        int state = ExpectedState(connection);
        if (!Reaches(socket, state) || received != connection.ReceiveQueue.Length || sent != connection.SendQueue.Length - connection.Unsent)
        {
            throw new LazyRestoreException(
                FailureReason.Failed,
                $"the connection {ConnectionAddress.Of(connection)} could not be made as it was: {received} bytes received, {sent} bytes sent, state {StateOf(socket)}",
                "Restore again; with --tcp-close the process finds its connections closed.");
        }
    }

    // What was injected is received at once, unless the processor has more to do than that.
    private static bool Reaches(SafeFileHandle socket, int state)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (StateOf(socket) != state)
        {
            if (watch.Elapsed > TimeSpan.FromSeconds(2))
            {
                return false;
            }

            Thread.Sleep(1);
        }

        return true;
    }

    private static int ExpectedState(TcpConnectionRecord connection) =>
        connection.PeerEnded ? TcpState.CloseWait
        : connection.SendEnd is TcpSendEnd.Acknowledged ? TcpState.FinWait2
        : TcpState.Established;

    private static void GoOn(TcpConnectionRecord connection, SafeFileHandle socket)
    {
        int descriptor = (int)socket.DangerousGetHandle();
        Set(socket, TcpOptions.Level, TcpOptions.Repair, 0);
        SendRest(connection, descriptor);
        if (connection.SendEnd is TcpSendEnd.Sent)
        {
            _ = Interop.shutdown(descriptor, WriteEnd);
        }

        Set(socket, TcpOptions.SolSocket, TcpOptions.ForceSendBuffer, connection.Buffers.Send);
        Set(socket, TcpOptions.SolSocket, TcpOptions.ForceReceiveBuffer, connection.Buffers.Receive);
        Set(socket, TcpOptions.SolSocket, TcpOptions.BufferLock, connection.Buffers.Locks);
        SocketOption reuse = connection.Options.FirstOrDefault(DescriptorPlan.IsReuse);
        Set(socket, TcpOptions.SolSocket, TcpOptions.ReuseAddress, reuse.Value.IsEmpty ? 0 : BinaryPrimitives.ReadInt32LittleEndian(reuse.Value.Span));
    }

    // A peer that has gone in the meantime answers with a reset, which is for the process to see: no error here.
    private static void SendRest(TcpConnectionRecord connection, int descriptor)
    {
        ReadOnlyMemory<byte> rest = connection.SendQueue[^connection.Unsent..];
        while (!rest.IsEmpty)
        {
            fixed (byte* start = rest.Span)
            {
                nint sent = Interop.send(descriptor, start, (nuint)rest.Length, Interop.MSG_DONTWAIT | Interop.MSG_NOSIGNAL);
                if (sent < 0 && Marshal.GetLastPInvokeError() == Interop.EAGAIN)
                {
                    throw new NativeException("send", Interop.EAGAIN, $"{rest.Length} bytes to {InetEndpoint.Of(connection.PeerAddress)}");
                }

                rest = sent < 0 ? ReadOnlyMemory<byte>.Empty : rest[(int)sent..];
            }
        }
    }

    private static int StateOf(SafeFileHandle socket)
    {
        const int TcpInfo = 11; // TCP_INFO, whose first byte is the state
        byte state = 0;
        uint length = sizeof(byte);
        return Interop.getsockopt((int)socket.DangerousGetHandle(), TcpOptions.Level, TcpInfo, &state, &length) < 0
            ? throw new NativeException("getsockopt(TCP_INFO)", Marshal.GetLastPInvokeError(), "of a restored connection")
            : state;
    }

    private static int Count(SafeFileHandle socket, nuint request)
    {
        int count = 0;
        return Interop.ioctl_int((int)socket.DangerousGetHandle(), request, &count) < 0
            ? throw new NativeException("ioctl(SIOCINQ)", Marshal.GetLastPInvokeError(), "of a restored connection")
            : count;
    }

    private static void Set(SafeFileHandle socket, int level, int option, int value)
    {
        if (Interop.setsockopt((int)socket.DangerousGetHandle(), level, option, &value, sizeof(int)) < 0)
        {
            throw new NativeException($"setsockopt({level}, {option})", Marshal.GetLastPInvokeError(), "of a restored connection");
        }
    }
}
