using LazyRestore.Restore.Network;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>
/// The TCP connections of a process that is being saved. From the moment they are locked until it goes on, no segment reaches them; when
/// the process ends instead, they close without a word and stay locked for the restore.
/// </summary>
internal sealed class HeldConnections : IDisposable
{
    private readonly List<SafeFileHandle> _sockets = [];
    private ConnectionLock? _lock;

    /// <summary>Locks connections, once.</summary>
    /// <param name="connections">The connections.</param>
    public void Lock(IReadOnlyCollection<ConnectionAddress> connections) => _lock ??= ConnectionLock.Take(connections);

    /// <summary>Notes a socket that is to close without a word; the handle is a duplicate of its own.</summary>
    public void Add(SafeFileHandle socket) => _sockets.Add(socket);

    /// <summary>The process is about to end: its connections stay locked beyond this one, and closing them tells nobody.</summary>
    /// <param name="imageId">The image from which they go on.</param>
    public void Leave(ReadOnlyMemory<byte> imageId)
    {
        _lock?.Keep(TableName.Of(imageId));
        _sockets.ForEach(TcpRepair.Begin);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sockets.ForEach(socket => socket.Dispose());
        _lock?.Dispose();
    }
}
