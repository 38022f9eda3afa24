using LazyRestore.Agent.Protocol;
using LazyRestore.ImageFormat;
using Polly;
using Polly.CircuitBreaker;
using Polly.Hedging;
using Polly.Retry;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>
/// An image on one page server or on several. A request goes to the server that is held in the highest regard, and to the next when that one
/// fails, lies, or lets somebody wait; when all have failed it is made again, with growing pauses. A connection that is lost is made
/// again at once. An image that is another one by then is not taken.
/// </summary>
internal sealed class RemoteImage : IRemoteImage
{
    private readonly RemoteReplicas _replicas;
    private readonly PageTimeouts _timeouts;
    private readonly PageEndpoint[] _endpoints;
    private readonly CancellationTokenSource _end = new();

    // To make one takes longer than an answer from nearby does.
    private readonly Lazy<ResiliencePipeline> _retry;
    private readonly Lazy<ResiliencePipeline<IAnswerSink>> _awaited;
    private readonly Lazy<ResiliencePipeline<IAnswerSink>> _unhurried;
    private ImageIdentity? _identity;
    private int _isRepairing;
    private bool _isOpened;

    private RemoteImage(RemoteReplicas replicas, SourceHealth health, PageTimeouts timeouts)
    {
        _replicas = replicas;
        Health = health;
        _timeouts = timeouts;
        _endpoints = [.. replicas.Locations.Select(Endpoint)];
        _retry = new(Retry);
        _awaited = new(() => Hedging(timeouts.Hedge, _endpoints.Length));
        _unhurried = new(() => Hedging(Timeout.InfiniteTimeSpan, _endpoints.Length));
    }

    /// <summary>What the image is; known once it is opened.</summary>
    internal ImageIdentity Identity => Volatile.Read(ref _identity)!;

    /// <summary>Records, index and trailer.</summary>
    internal ReadOnlyMemory<byte> Manifest { get; private set; }

    /// <inheritdoc/>
    public string Name => _replicas.ToString();

    /// <inheritdoc/>
    public SourceHealth Health { get; }

    /// <inheritdoc/>
    public long Length => Identity.Length;

    // Not when a connection has to be made first.
    /// <inheritdoc/>
    public bool AsksAtOnce => Array.Exists(_endpoints, static endpoint => endpoint.IsConnected);

    /// <inheritdoc/>
    public long BytesUnderWay => _endpoints.Max(static endpoint => endpoint.BytesUnderWay);

    /// <summary>Opens an image and fetches everything but its extents.</summary>
    /// <param name="replicas">Where it is.</param>
    /// <param name="health">Told whether it can be reached.</param>
    /// <param name="timeouts">How long to wait.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="LazyRestoreException">It cannot be reached in time, or all servers refuse.</exception>
    internal static async Task<RemoteImage> OpenAsync(
        RemoteReplicas replicas, SourceHealth health, PageTimeouts timeouts, CancellationToken cancellation)
    {
        RemoteImage image = new(replicas, health, timeouts);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(timeouts.Opening);
        try
        {
            var manifest = (GatheredAnswer)await image.AskAsync(image.AskManifestAsync, isAwaited: true, deadline.Token).ConfigureAwait(false);
            image.Manifest = manifest.Bytes;
            image._isOpened = true;
            return image;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            image.Dispose();
            throw new LazyRestoreException(
                FailureReason.SourceUnreachable,
                $"no page server answers at {replicas}: {image.Health.Now.Problem ?? "it is silent"}",
                "See that 'lazyrestore serve' runs there and can be reached.");
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> AtHand(long offset) => offset switch
    {
        _ when offset < Identity.ExtentsStart => Manifest[(int)offset..(int)Identity.ExtentsStart],
        _ when offset >= Identity.ExtentsEnd => Manifest[(int)(Identity.ExtentsStart + offset - Identity.ExtentsEnd)..],
        _ => default,
    };

    /// <inheritdoc/>
    public async Task FetchAsync(Func<PagesQuery> query, PageAnswer sink, bool isBulk, CancellationToken cancellation)
    {
        try
        {
            _ = await AskAsync(
                async (connection, token) =>
                {
                    using PageAnswer answer = sink.Again();
                    PagesQuery missing = answer.Query();
                    answer.Begin(missing);
                    _ = await connection.AskAsync(id => Frames.Pages(id, connection.Image, missing, isBulk), answer, isBulk, token).ConfigureAwait(false);
                    answer.End();
                    return answer;
                },
                isAwaited: !isBulk,
                cancellation).ConfigureAwait(false);
        }
        finally
        {
            sink.PassArrived();
        }
    }

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>> ReadAsync(long offset, int length)
    {
        IAnswerSink answer = await AskAsync(
            async (connection, token) =>
            {
                GatheredAnswer bytes = new(length);
                _ = await connection.AskAsync(id => Frames.Read(id, connection.Image, offset, length, isBulk: false), bytes, isBulk: false, token).ConfigureAwait(false);
                return bytes.Bytes.Length == length ? bytes : throw new PageProtocolException("an answer is shorter than what was asked for");
            },
            isAwaited: true,
            _end.Token).ConfigureAwait(false);
        return ((GatheredAnswer)answer).Bytes;
    }

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>> ReadAdviceAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        patience.CancelAfter(_timeouts.Demand);
        try
        {
            IAnswerSink answer = await AskAsync(
                static async (connection, token) =>
                {
                    GatheredAnswer advice = new(PageProtocol.LongestAdvice);
                    if (connection.Capabilities.Contains(PageProtocol.Advice))
                    {
                        _ = await connection.AskAsync(
                            id => Frames.Numbers(FrameKind.Advice, id, connection.Image), advice, isBulk: false, token).ConfigureAwait(false);
                    }

                    return advice;
                },
                isAwaited: true,
                patience.Token).ConfigureAwait(false);
            return ((GatheredAnswer)answer).Bytes;
        }
        catch (OperationCanceledException)
        {
            return default;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Cancel();
        foreach (PageEndpoint endpoint in _endpoints)
        {
            endpoint.Dispose();
        }
    }

    private ResiliencePipeline Retry() => new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = static arguments => ValueTask.FromResult(arguments.Outcome.Exception is IOException),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = _timeouts.FirstRetry,
            MaxDelay = _timeouts.LongestRetry,
            MaxRetryAttempts = int.MaxValue,
        })
        .Build();

    private static ResiliencePipeline<IAnswerSink> Hedging(TimeSpan delay, int endpoints) => new ResiliencePipelineBuilder<IAnswerSink>()
        .AddHedging(new HedgingStrategyOptions<IAnswerSink>
        {
            ShouldHandle = static arguments => ValueTask.FromResult(arguments.Outcome.Exception is not (null or OperationCanceledException)),
            MaxHedgedAttempts = Math.Max(endpoints - 1, 1),
            Delay = delay,
        })
        .Build();

    private PageEndpoint Endpoint(RemoteLocation location) => new(
        location, _replicas.Credentials, _timeouts, (connection, cancellation) => OpenImageAsync(location, connection, cancellation), Repair);

    // Makes a request until it is answered.
    private async Task<IAnswerSink> AskAsync(
        Func<PageConnection, CancellationToken, Task<IAnswerSink>> ask, bool isAwaited, CancellationToken cancellation)
    {
        try
        {
            return await AskOnceAsync(ask, isAwaited, cancellation).ConfigureAwait(false);
        }
        catch (IOException) when (!cancellation.IsCancellationRequested)
        {
            return await _retry.Value.ExecuteAsync(
                async token => await AskOnceAsync(ask, isAwaited, token).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        }
    }

    private async Task<IAnswerSink> AskOnceAsync(
        Func<PageConnection, CancellationToken, Task<IAnswerSink>> ask, bool isAwaited, CancellationToken cancellation)
    {
        Exception[] problems;
        try
        {
            IAnswerSink answer = _endpoints.Length == 1
                ? await _endpoints[0].AskAsync(ask, Patience(isAwaited), cancellation).ConfigureAwait(false)
                : await AskAnyAsync(ask, isAwaited, cancellation).ConfigureAwait(false);
            Health.Back();
            return answer;
        }
        catch (ReplicasFailedException failed)
        {
            problems = failed.Problems;
        }
        catch (Exception problem) when (!cancellation.IsCancellationRequested)
        {
            problems = [problem];
        }

        throw Judge(problems);
    }

    private TimeSpan Patience(bool isAwaited) => isAwaited ? _timeouts.Demand : _timeouts.Bulk;

    private async Task<IAnswerSink> AskAnyAsync(
        Func<PageConnection, CancellationToken, Task<IAnswerSink>> ask, bool isAwaited, CancellationToken cancellation)
    {
        PageEndpoint[] order = [.. _endpoints.OrderBy(static endpoint => endpoint.Reluctance).ThenBy(static endpoint => endpoint.FailedAt)];
        Exception?[] problems = new Exception?[order.Length];
        int next = -1;
        try
        {
            return await (isAwaited ? _awaited : _unhurried).Value.ExecuteAsync(
                async token =>
                {
                    int place = Interlocked.Increment(ref next);
                    try
                    {
                        return await order[place].AskThroughBreakerAsync(ask, Patience(isAwaited), token).ConfigureAwait(false);
                    }
                    catch (Exception problem) when (!token.IsCancellationRequested)
                    {
                        problems[place] = problem;
                        throw;
                    }
                },
                cancellation).ConfigureAwait(false);
        }
        catch (Exception last) when (!cancellation.IsCancellationRequested)
        {
            Exception[] told = [.. problems.OfType<Exception>()];
            throw new ReplicasFailedException(told.Length > 0 ? told : [last]);
        }
    }

    // Pages are damaged when every server says so, or sends them so; before the image is opened all may refuse; everything else can pass.
    private Exception Judge(Exception[] problems)
    {
        if (problems.All(static problem => problem is ImageDamagedException or DamagedThereException))
        {
            return problems[0] is ImageDamagedException damaged ? damaged : new ImageDamagedException("extent", 0, problems[0].Message, problems[0]);
        }

        if (!_isOpened && problems.All(static problem => problem is LazyRestoreException))
        {
            return problems[0];
        }

        Exception told = problems.FirstOrDefault(static problem => problem is LazyRestoreException)
            ?? problems.FirstOrDefault(static problem => problem is not BrokenCircuitException)
            ?? problems[0];
        if (!_endpoints.Any(static endpoint => endpoint.IsConnected))
        {
            Health.Lost(told);
        }

        return new IOException(told.Message, told);
    }

    // Whether anybody asks for something or not: whoever comes next is not to wait for a connection, and that there is none is to be known.
    private void Repair(Exception problem)
    {
        if (_end.IsCancellationRequested || _endpoints.Any(static endpoint => endpoint.IsConnected))
        {
            return;
        }

        if (_endpoints.Length == 1)
        {
            // Of others it is not known yet.
            Health.Lost(problem);
        }

        if (Interlocked.Exchange(ref _isRepairing, 1) == 0)
        {
            _ = Task.Run(RepairAsync);
        }
    }

    private async Task RepairAsync()
    {
        try
        {
            _ = await AskAsync(static (_, _) => Task.FromResult<IAnswerSink>(new GatheredAnswer(0)), isAwaited: true, _end.Token).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is OperationCanceledException or LazyRestoreException)
        {
            // Nobody needs it any more, or whoever opens the image is told the same.
        }

        Volatile.Write(ref _isRepairing, 0);
        if (_isOpened && Health.Now is { IsLost: true, Problem: { } lostAgain })
        {
            Repair(new IOException(lostAgain));
        }
    }

    private async Task<IAnswerSink> AskManifestAsync(PageConnection connection, CancellationToken cancellation)
    {
        ImageIdentity identity = Identity;
        GatheredAnswer answer = new(identity.ExtentsStart + identity.Length - identity.ExtentsEnd);
        _ = await connection.AskAsync(
            id => Frames.Numbers(FrameKind.Manifest, id, connection.Image), answer, isBulk: false, cancellation).ConfigureAwait(false);
        return answer;
    }

    // What the first server has is the image; others have to have the same.
    private async Task OpenImageAsync(RemoteLocation location, PageConnection connection, CancellationToken cancellation)
    {
        GatheredAnswer answer = new(ImageIdentity.LongestText);
        connection.Image = await connection.AskAsync(id => Frames.Open(id, location.Name), answer, isBulk: false, cancellation).ConfigureAwait(false);
        var identity = ImageIdentity.Read(answer.Bytes);
        if ((Interlocked.CompareExchange(ref _identity, identity, null) ?? identity) != identity)
        {
            throw new LazyRestoreException(
                FailureReason.SourceUnreachable, $"there is another image at {location}", "Put the former one back under this name.");
        }
    }

    private sealed class ReplicasFailedException(Exception[] problems) : Exception
    {
        internal Exception[] Problems { get; } = problems;
    }
}
