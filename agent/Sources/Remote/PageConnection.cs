using System.Buffers;
using System.Diagnostics;
using LazyRestore.Agent.Protocol;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>
/// A connection to a page server: any number of requests at once, answered in any order. When it is lost every request fails with an
/// <see cref="IOException"/>, and it is of no more use.
/// </summary>
internal sealed class PageConnection : IDisposable
{
    private readonly ByteChannel _channel;
    private readonly PageTimeouts _timeouts;
    private readonly FrameReader _input;
    private readonly SemaphoreSlim _output = new(1);
    private readonly Dictionary<ulong, Request> _requests = [];
    private readonly CreditWindow _window = new();
    private readonly CancellationTokenSource _lost = new();
    private Exception? _problem;
    private volatile bool _isDraining;
    private ulong _lastId;
    private long _said = Environment.TickCount64;

    private PageConnection(ByteChannel channel, PageTimeouts timeouts)
    {
        _channel = channel;
        _timeouts = timeouts;
        _input = new FrameReader(channel.Input);
    }

    /// <summary>Whether requests can still be made.</summary>
    internal bool IsUsable => Volatile.Read(ref _problem) is null && !_isDraining;

    /// <summary>Bytes of bulk that may be under way.</summary>
    internal long BytesUnderWay => _window.Size;

    /// <summary>The number that the image has on this connection.</summary>
    internal ulong Image { get; set; }

    /// <summary>What the server knows beyond version 1 of the protocol.</summary>
    internal IReadOnlyList<string> Capabilities { get; private set; } = [];

    /// <summary>Hears, once, why the connection is lost.</summary>
    internal Action<Exception>? OnLost { get; set; }

    /// <summary>Greets the server.</summary>
    /// <param name="channel">The way to it; it is the connection's from now on.</param>
    /// <param name="token">What proves that we may have images; null for nothing.</param>
    /// <param name="timeouts">How long to wait.</param>
    /// <param name="cancellation">Gives up.</param>
    internal static async Task<PageConnection> OpenAsync(ByteChannel channel, string? token, PageTimeouts timeouts, CancellationToken cancellation)
    {
        PageConnection connection = new(channel, timeouts);
        try
        {
            await connection.SendAsync(Frames.Hello(new HelloFrame((ulong)connection._window.Size, token, [])), cancellation).ConfigureAwait(false);
            if (!await connection._input.ReadAsync(cancellation).ConfigureAwait(false))
            {
                throw new IOException("the server ended the connection at once");
            }

            connection.TakeHello();
        }
        catch
        {
            channel.Dispose();
            throw;
        }

        _ = connection.RunAsync();
        return connection;
    }

    /// <summary>Makes a request and waits until its answer is complete.</summary>
    /// <param name="frame">Makes the frame of the request with an ID.</param>
    /// <param name="sink">Takes the answer; after the end of this call nothing is added any more.</param>
    /// <param name="isBulk">Whether the answer is paid for with credit.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The request's ID.</returns>
    internal async Task<ulong> AskAsync(Func<ulong, byte[]> frame, IAnswerSink sink, bool isBulk, CancellationToken cancellation)
    {
        Request request = new(sink, isBulk);
        ulong id;
        lock (_requests)
        {
            if (_problem is { } problem)
            {
                throw Lost(problem);
            }

            id = ++_lastId;
            _requests.Add(id, request);
        }

        try
        {
            request.AskedAt = Stopwatch.GetTimestamp();
            await SendRequestAsync(id, frame(id), cancellation).ConfigureAwait(false);
            await request.Completion.Task.WaitAsync(cancellation).ConfigureAwait(false);
            return id;
        }
        finally
        {
            request.Leave();
        }
    }

    private bool IsAwaiting
    {
        get
        {
            lock (_requests)
            {
                return _requests.Values.Any(static request => !request.IsLeft);
            }
        }
    }

    /// <summary>Gives the connection up.</summary>
    internal void Leave(Exception problem) => Lose(problem);

    /// <inheritdoc/>
    public void Dispose() => Lose(new IOException("the connection is not needed any more"));

    private void TakeHello()
    {
        FrameArguments arguments = FrameArguments.Read(_input.Frame, out FrameKind kind);
        if (kind == FrameKind.Error)
        {
            _ = arguments.Number();
            throw RemoteProblem.Of(arguments.Text(), arguments.Text());
        }

        Capabilities = kind == FrameKind.Hello
            ? HelloFrame.Read(ref arguments).Capabilities
            : throw new PageProtocolException("the first frame is no hello");
    }

    private async Task RunAsync()
    {
        try
        {
            using PeriodicTimer timer = new(_timeouts.KeepAlive / 2);
            _ = WatchAsync(timer);
            while (await _input.ReadAsync(_lost.Token).ConfigureAwait(false))
            {
                byte[]? reply = Take();
                if (reply is not null)
                {
                    await SendAsync(reply, _lost.Token).ConfigureAwait(false);
                }
            }

            Lose(new IOException("the server has ended the connection"));
        }
        catch (Exception problem)
        {
            Lose(problem);
        }
    }

    private async Task WatchAsync(PeriodicTimer timer)
    {
        try
        {
            while (await timer.WaitForNextTickAsync(_lost.Token).ConfigureAwait(false))
            {
                long now = Environment.TickCount64;
                long silent = now - _input.LastArrival;
                if (silent > (IsAwaiting ? _timeouts.Stall : _timeouts.Silence).TotalMilliseconds)
                {
                    Lose(new IOException("the server has fallen silent"));
                }
                else if (Math.Max(silent, now - Volatile.Read(ref _said)) > _timeouts.KeepAlive.TotalMilliseconds)
                {
                    await SendAsync(Frames.Bare(FrameKind.Ping), _lost.Token).ConfigureAwait(false);
                }
            }
        }
        catch (Exception problem) when (problem is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            Lose(problem);
        }
    }

    private byte[]? Take()
    {
        if (DataFrame.IsHead(_input.Frame.Span))
        {
            return TakeData();
        }

        FrameArguments arguments = FrameArguments.Read(_input.Frame, out FrameKind kind);
        switch (kind)
        {
            case FrameKind.Ping:
                return Frames.Bare(FrameKind.Pong);
            case FrameKind.Error:
                ulong id = arguments.Number();
                Exception problem = RemoteProblem.Of(arguments.Text(), arguments.Text());
                if (id == 0)
                {
                    throw problem;
                }

                Find(id, isLast: true)?.Fail(problem);
                return null;
            case FrameKind.Drain:
                // What was asked for still comes; the rest is asked elsewhere.
                _isDraining = true;
                return null;
            default:
                return null;
        }
    }

    private byte[]? TakeData()
    {
        // Who has left its request has it until the answer ends: the server has spent credit on that.
        if (Find(_input.Id, _input.IsLast) is not { } request)
        {
            return null;
        }

        long now = Stopwatch.GetTimestamp();
        if (!request.IsBulk && request.AskedAt > 0)
        {
            _window.Turned(now - request.AskedAt);
            request.AskedAt = 0;
        }

        request.Append(_input.Payload, _input.IsLast);
        long grant = request.IsBulk ? _window.Consume(_input.Payload.Length, now) : 0;
        return grant > 0 ? Frames.Numbers(FrameKind.Credit, (ulong)grant) : null;
    }

    private Request? Find(ulong id, bool isLast)
    {
        lock (_requests)
        {
            return isLast && _requests.Remove(id, out Request? last) ? last : _requests.GetValueOrDefault(id);
        }
    }

    private async Task SendRequestAsync(ulong id, byte[] frame, CancellationToken cancellation)
    {
        try
        {
            await SendAsync(frame, cancellation).ConfigureAwait(false);
        }
        catch
        {
            _ = Find(id, isLast: true);
            throw;
        }
    }

    private async Task SendAsync(byte[] frame, CancellationToken cancellation)
    {
        await _output.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            _channel.Output.Write(frame);
            _ = await _channel.Output.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            Volatile.Write(ref _said, Environment.TickCount64);
        }
        catch (Exception problem) when (problem is ObjectDisposedException or InvalidOperationException)
        {
            throw new IOException("the connection is lost", problem);
        }
        finally
        {
            _ = _output.Release();
        }
    }

    // A new one for each who is told; that a server lies is told as such.
    private static IOException Lost(Exception problem) =>
        problem is PageProtocolException ? new PageProtocolException(problem) : new IOException(problem.Message, problem);

    private void Lose(Exception problem)
    {
        Request[] requests;
        lock (_requests)
        {
            if (_problem is not null)
            {
                return;
            }

            _problem = problem;
            requests = [.. _requests.Values];
        }

        foreach (Request request in requests)
        {
            request.Fail(Lost(problem));
        }

        _lost.Cancel();
        _channel.Dispose();
        OnLost?.Invoke(problem);
    }

    private sealed class Request(IAnswerSink sink, bool isBulk)
    {
        private readonly Lock _lock = new();
        private bool _isLeft;

        internal bool IsBulk => isBulk;

        internal bool IsLeft => Volatile.Read(ref _isLeft);

        // In ticks of the stopwatch; 0 once the answer has begun.
        internal long AskedAt { get; set; }

        internal TaskCompletionSource Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal void Append(in ReadOnlySequence<byte> bytes, bool isLast)
        {
            lock (_lock)
            {
                if (_isLeft)
                {
                    return;
                }

                try
                {
                    sink.Append(bytes);
                }
                catch (Exception problem)
                {
                    _isLeft = true;
                    _ = Completion.TrySetException(problem);
                    return;
                }
            }

            if (isLast)
            {
                _ = Completion.TrySetResult();
            }
        }

        internal void Fail(Exception problem) => _ = Completion.TrySetException(problem);

        internal void Leave()
        {
            lock (_lock)
            {
                _isLeft = true;
            }
        }
    }
}
