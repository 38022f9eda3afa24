using System.Net.Sockets;
using System.Threading.Channels;
using LazyRestore.Agent.Protocol;
using LazyRestore.Agent.Server;
using LazyRestore.Agent.Sources.Remote;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Pushing;

/// <summary>
/// Takes the pages of an image from whoever pushes them; docs/protocol.md specifies how. Memory is bounded by a number of buffers: a provider that
/// finds none free is not read from until the agent threads have placed what was pushed before.
/// </summary>
internal sealed class PushReceiver : IDisposable
{
    private const int Buffers = 64;
    private const int MostProviders = 16;
    private const int MostWanted = 4096;
    private static readonly TimeSpan s_breath = TimeSpan.FromMilliseconds(50);

    private readonly PushLocation _location;
    private readonly CheckpointImage _image;
    private readonly Channel<byte[]> _free = Channel.CreateUnbounded<byte[]>();
    private readonly CancellationTokenSource _end = new();
    private readonly Socket? _listener;
    private readonly Lock _lock = new();
    private readonly Dictionary<int, TaskCompletionSource<PushedPageSource>> _sources = [];
    private readonly HashSet<(int Space, ulong Address)> _wanted = [];
    private readonly List<PushProvider> _providers = [];

    private PushReceiver(PushLocation location, CheckpointImage image)
    {
        _location = location;
        _image = image;
        foreach (int space in image.Checkpoint.Processes.Select(static process => process.Process.Space)
            .Where(space => image.Index.InSpace(space).Count > 0))
        {
            _sources[space] = new TaskCompletionSource<PushedPageSource>(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        for (int buffer = 0; buffer < Buffers; buffer++)
        {
            Recycle(GC.AllocateUninitializedArray<byte>(PageProtocol.LongestPayload, pinned: true));
        }

        _listener = location.Url is PushLocation.StandardInput ? null : Listener.Open(location.Url);
    }

    /// <summary>What it is called in messages.</summary>
    internal string Name => _location.Url is PushLocation.StandardInput ? "push from standard input" : $"push at {_location.Url}";

    /// <summary>Whether anybody pushes.</summary>
    internal SourceHealth Health { get; } = new();

    /// <summary>Begins to take pages.</summary>
    /// <exception cref="LazyRestoreException">Nobody can connect there.</exception>
    internal static PushReceiver Open(PushLocation location, CheckpointImage image)
    {
        PushReceiver receiver = new(location, image);
        _ = Task.Run(receiver._listener is { } listener
            ? () => receiver.AcceptAsync(listener)
            : () => receiver.ServeAsync(ByteChannel.Of(Console.OpenStandardInput(), Stream.Null)));
        return receiver;
    }

    /// <summary>Pages of a space can be taken from now on.</summary>
    internal void Register(int space, PushedPageSource source)
    {
        lock (_lock)
        {
            if (_sources.TryGetValue(space, out TaskCompletionSource<PushedPageSource>? awaited))
            {
                awaited.SetResult(source);
            }
        }
    }

    /// <summary>A space lacks nothing any more, or nobody looks after it. Nobody pushes when none is left.</summary>
    internal void Complete(int space)
    {
        bool isLast;
        lock (_lock)
        {
            isLast = _sources.Remove(space) && _sources.Count == 0;
        }

        if (isLast)
        {
            End();
        }
    }

    /// <summary>The source of a space, once there is one; null when the image has no such process, or it lacks nothing.</summary>
    internal async ValueTask<PushedPageSource?> SourceAsync(int space, CancellationToken cancellation)
    {
        TaskCompletionSource<PushedPageSource>? source;
        lock (_lock)
        {
            source = _sources.GetValueOrDefault(space);
        }

        return source is null ? null : await source.Task.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>The extent that holds an address of a space, and its place in the catalog of the source; -1 when there is none.</summary>
    internal int Find(int space, ulong address, out ExtentEntry entry)
    {
        ArraySegment<ExtentEntry> entries = _image.Index.InSpace(space);
        ulong first = address & ~(ulong)(ImageLayout.ExtentSpan - 1);
        int low = 0;
        int high = entries.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = entries[middle].Address.Address < first ? (middle + 1, high) : (low, middle);
        }

        bool isThere = low < entries.Count && entries[low].Address.Address == first;
        entry = isThere ? entries[low] : default;
        return isThere ? low : -1;
    }

    /// <summary>Reads the head of an extent.</summary>
    internal ExtentHeader ReadHeader(in ExtentEntry entry, ExtentHeader? reuse) => _image.ReadHeader(entry, reuse);

    /// <summary>Waits for a buffer.</summary>
    internal ValueTask<byte[]> TakeBufferAsync(CancellationToken cancellation) => _free.Reader.ReadAsync(cancellation);

    /// <summary>Gives a buffer back.</summary>
    internal void Recycle(byte[] buffer) => _ = _free.Writer.TryWrite(buffer);

    /// <summary>Somebody waits for a page: those who push are told.</summary>
    internal void Want(int space, ulong address)
    {
        lock (_lock)
        {
            if (_wanted.Count < MostWanted && _wanted.Add((space, address)))
            {
                _providers.ForEach(provider => provider.Want(space, address));
            }
        }
    }

    /// <summary>A page has come.</summary>
    internal void Has(int space, ulong address)
    {
        lock (_lock)
        {
            _ = _wanted.Remove((space, address));
        }
    }

    /// <summary>A provider has said who it is: it is told what is wanted.</summary>
    internal void Greet(PushProvider provider)
    {
        lock (_lock)
        {
            _providers.Add(provider);
            foreach ((int space, ulong address) in _wanted)
            {
                provider.Want(space, address);
            }
        }

        Health.Back();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        End();
        _listener?.Dispose();
    }

    private void End()
    {
        lock (_lock)
        {
            if (_end.IsCancellationRequested)
            {
                return;
            }

            _providers.ForEach(static provider => provider.Done());
        }

        _end.Cancel();
        if (_listener is not null)
        {
            _listener.Dispose();
            Listener.Remove(_location.Url);
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        using SemaphoreSlim places = new(MostProviders);
        while (!_end.IsCancellationRequested)
        {
            try
            {
                await places.WaitAsync(_end.Token).ConfigureAwait(false);
                Socket socket = await listener.AcceptAsync(_end.Token).ConfigureAwait(false);
                _ = ServeAsync(ByteChannel.Of(socket)).ContinueWith(_ => places.Release(), TaskScheduler.Default);
            }
            catch (Exception problem) when (problem is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // Such as too many open files: it passes.
                _ = places.Release();
                await Task.Delay(s_breath).ConfigureAwait(false);
            }
        }
    }

    private async Task ServeAsync(ByteChannel channel)
    {
        PushProvider provider = new(this, channel);
        Exception problem;
        try
        {
            problem = await provider.RunAsync(_end.Token).ConfigureAwait(false);
        }
        finally
        {
            channel.Dispose();
        }

        bool wasKnown;
        bool isLast;
        lock (_lock)
        {
            wasKnown = _providers.Remove(provider);
            isLast = _providers.Count == 0;
        }

        // A liar is told of although others go on.
        if ((wasKnown && isLast && !_end.IsCancellationRequested) || problem is PushRefusedException)
        {
            Health.Lost(problem);
            if (!isLast)
            {
                Health.Back();
            }
        }
    }
}
