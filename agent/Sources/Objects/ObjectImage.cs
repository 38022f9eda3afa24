using System.Diagnostics;
using LazyRestore.Agent.Protocol;
using LazyRestore.Agent.Sources.Remote;
using Polly;
using Polly.Retry;

namespace LazyRestore.Agent.Sources.Objects;

/// <summary>
/// An image that is one object of a web server or an object store, read by ranges. What fails is tried again with growing pauses, and as the store asks;
/// an object that is another one by then is refused.
/// </summary>
internal sealed class ObjectImage : IRemoteImage
{
    // Records, index and trailer of most images are in these two.
    private const int EndLength = 256 << 10;
    private static readonly TimeSpan s_turn = TimeSpan.FromMilliseconds(20);

    private readonly IObjectStore _store;
    private readonly ObjectSettings _settings;
    private readonly PieceReader _reader;
    private readonly ResiliencePipeline _retry;
    private readonly BulkLane _bulk;
    private readonly DemandGate _gate = new();
    private readonly SemaphoreSlim _demand;
    private readonly CancellationTokenSource _end = new();
    private long _heardAt = Stopwatch.GetTimestamp();
    private ObjectVersion? _version;
    private ReadOnlyMemory<byte> _front;
    private ReadOnlyMemory<byte> _back;

    private ObjectImage(IObjectStore store, SourceHealth health, ObjectSettings settings)
    {
        _store = store;
        Health = health;
        _settings = settings;
        _reader = new PieceReader(store, settings.Silence);
        _bulk = new BulkLane(ReadInTurnsAsync, settings.Streams, settings.LongestRange);
        _demand = new SemaphoreSlim(settings.DemandStreams);
        _retry = new ResiliencePipelineBuilder()
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = static arguments => ValueTask.FromResult(arguments.Outcome.Exception is IOException),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = settings.FirstPause,
                MaxDelay = settings.LongestPause,
                MaxRetryAttempts = int.MaxValue,
                DelayGenerator = arguments => ValueTask.FromResult(PauseAskedFor(arguments.Outcome.Exception)),
            })
            .Build();
    }

    /// <inheritdoc/>
    public string Name => _store.Name;

    /// <inheritdoc/>
    public SourceHealth Health { get; }

    /// <inheritdoc/>
    public long Length => _version!.Length;

    /// <summary>Opens an image: two ranges are fetched, one from each end.</summary>
    /// <param name="store">Where it is; owned by the image.</param>
    /// <param name="health">Told whether it answers.</param>
    /// <param name="settings">How to ask.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="LazyRestoreException">It cannot be had in time.</exception>
    internal static async Task<ObjectImage> OpenAsync(
        IObjectStore store, SourceHealth health, ObjectSettings settings, CancellationToken cancellation)
    {
        ObjectImage image = new(store, health, settings);
        try
        {
            await image.PatientlyAsync(image.ReadEndsAsync, cancellation).ConfigureAwait(false);
            return image;
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> AtHand(long offset) =>
        offset < _front.Length ? _front[(int)offset..]
        : offset >= Length - _back.Length ? _back[(int)(offset - (Length - _back.Length))..]
        : default;

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>> ReadAsync(long offset, int length)
    {
        byte[] bytes = [];
        await PatientlyAsync(async token => bytes = await ReadOnceAsync(new ByteRange(offset, length), token).ConfigureAwait(false), _end.Token)
            .ConfigureAwait(false);
        return bytes;
    }

    /// <inheritdoc/>
    public async Task FetchAsync(Func<PagesQuery> query, PageAnswer sink, bool isBulk, CancellationToken cancellation) => await _retry.ExecuteAsync(
        async token =>
        {
            PagesQuery missing = query();
            sink.Begin(missing);
            ExtentPart part = new(sink, missing, isBulk);
            if (part.Range.Length > 0)
            {
                await (isBulk ? _bulk.GetAsync(part, token) : DemandAsync(part, token)).ConfigureAwait(false);
            }
        },
        cancellation).ConfigureAwait(false);

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Cancel();
        _store.Dispose();
    }

    private async Task DemandAsync(ExtentPart part, CancellationToken cancellation)
    {
        _gate.Enter();
        try
        {
            await _demand.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                _ = await ReadAsync(part.Range, part.Take, pause: null, cancellation).ConfigureAwait(false);
            }
            finally
            {
                _ = _demand.Release();
            }
        }
        finally
        {
            _gate.Leave();
        }
    }

    private async Task ReadInTurnsAsync(ByteRange range, PieceReader.Taker take, CancellationToken cancellation) =>
        await ReadAsync(range, take, () => _gate.ClearAsync(s_turn), cancellation).ConfigureAwait(false);

    private async Task ReadEndsAsync(CancellationToken cancellation)
    {
        using MemoryStream front = new();
        ObjectVersion version = await ReadAsync(
            new ByteRange(0, EndLength), (_, bytes) => front.Write(bytes.Span), pause: null, cancellation).ConfigureAwait(false);
        _version = version;
        _front = front.ToArray();
        if (version.Length > _front.Length)
        {
            long start = Math.Max(_front.Length, version.Length - EndLength);
            _back = await ReadOnceAsync(ByteRange.Between(start, version.Length), cancellation).ConfigureAwait(false);
        }
    }

    private async Task<byte[]> ReadOnceAsync(ByteRange range, CancellationToken cancellation)
    {
        byte[] bytes = new byte[range.Length];
        _ = await ReadAsync(
            range, (offset, part) => part.CopyTo(bytes.AsMemory((int)(offset - range.Offset))), pause: null, cancellation).ConfigureAwait(false);
        return bytes;
    }

    // Reads a range once. The store is lost when that fails, or takes long, and nothing else has come from it since this began.
    private async Task<ObjectVersion> ReadAsync(ByteRange range, PieceReader.Taker take, Func<Task>? pause, CancellationToken cancellation)
    {
        long begun = Stopwatch.GetTimestamp();
        Task<ObjectVersion> reading = _reader.ReadAsync(
            range,
            _version,
            (offset, bytes) =>
            {
                Volatile.Write(ref _heardAt, Stopwatch.GetTimestamp());
                Health.Back();
                take(offset, bytes);
            },
            pause,
            cancellation);
        while (!reading.IsCompleted)
        {
            await ((Task)reading.WaitAsync(_settings.Stall, CancellationToken.None)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!reading.IsCompleted && Stopwatch.GetElapsedTime(Volatile.Read(ref _heardAt)) > _settings.Stall)
            {
                Health.Lost(new TimeoutException("it is silent"));
            }
        }

        try
        {
            return await reading.ConfigureAwait(false);
        }
        catch (IOException problem) when (Volatile.Read(ref _heardAt) < begun)
        {
            Health.Lost(problem);
            throw;
        }
    }

    // For what cannot wait for ever, because there is no process yet whose memory would wait with it.
    private async Task PatientlyAsync(Func<CancellationToken, Task> work, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(_settings.Patience);
        IOException? last = null;
        try
        {
            await _retry.ExecuteAsync(
                async token =>
                {
                    try
                    {
                        await work(token).ConfigureAwait(false);
                    }
                    catch (IOException problem)
                    {
                        last = problem;
                        throw problem is ObjectUnavailableException { IsRefusal: true } ? Unreachable(problem) : problem;
                    }
                },
                deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw Unreachable(last);
        }
    }

    private LazyRestoreException Unreachable(IOException? problem) => problem is ObjectUnavailableException { IsRefusal: true }
        ? new SourceRefusedException(
            problem.Message, "Check the address and the credentials, and that the server gives single ranges.", problem)
        : new LazyRestoreException(
            FailureReason.SourceUnreachable,
            $"the image at {_store.Name} cannot be had: {problem?.Message ?? "the server is silent"}",
            "See that the server runs there and can be reached.",
            problem);

    private TimeSpan? PauseAskedFor(Exception? problem) => problem is ObjectUnavailableException { RetryAfter: { } asked } && asked > TimeSpan.Zero
        ? asked < _settings.LongestRetryAfter ? asked : _settings.LongestRetryAfter
        : null;
}
