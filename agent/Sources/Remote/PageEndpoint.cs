using System.Security.Authentication;
using LazyRestore.Agent.Protocol;
using LazyRestore.ImageFormat;
using Polly;
using Polly.CircuitBreaker;
using Polly.Hedging;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>
/// One page server that has the image: a connection, which is made when it is needed, and what is held against the server. Its circuit breaker
/// keeps it from being asked again and again while it does not work and there are others.
/// </summary>
internal sealed class PageEndpoint : IDisposable
{
    private const int MostFurtherDials = 10;
    private readonly RemoteCredentials _credentials;
    private readonly PageTimeouts _timeouts;
    private readonly Func<PageConnection, CancellationToken, Task> _openImage;
    private readonly Action<Exception> _onLost;
    private readonly SemaphoreSlim _connecting = new(1);
    private readonly CircuitBreakerStateProvider _state = new();
    private readonly Lazy<ResiliencePipeline<IAnswerSink>> _breaker;
    private PageConnection? _connection;
    private int _lies;
    private long _failedAt;

    /// <summary>Creates the endpoint; nothing is connected yet.</summary>
    /// <param name="location">Where it is.</param>
    /// <param name="credentials">Who we are.</param>
    /// <param name="timeouts">How long to wait.</param>
    /// <param name="openImage">Opens the image on a new connection, or finds it to be another one.</param>
    /// <param name="onLost">Hears that a connection is lost.</param>
    internal PageEndpoint(
        RemoteLocation location, RemoteCredentials credentials, PageTimeouts timeouts, Func<PageConnection, CancellationToken, Task> openImage, Action<Exception> onLost)
    {
        Location = location;
        _credentials = credentials;
        _timeouts = timeouts;
        _openImage = openImage;
        _onLost = onLost;
        _breaker = new(Breaker);
    }

    /// <summary>Where it is.</summary>
    internal RemoteLocation Location { get; }

    /// <summary>Whether requests can be made at once.</summary>
    internal bool IsConnected => Volatile.Read(ref _connection) is { IsUsable: true };

    /// <summary>Bytes of bulk that may be under way from it.</summary>
    internal long BytesUnderWay => Volatile.Read(ref _connection)?.BytesUnderWay ?? CreditWindow.Least;

    /// <summary>
    /// How little it is to be asked, compared with others: who has lied comes last, who does not work before that, and who is not connected
    /// before that.
    /// </summary>
    internal int Reluctance =>
        (Volatile.Read(ref _lies) * 4) + (_state.CircuitState is CircuitState.Open or CircuitState.Isolated ? 2 : 0) + (IsConnected ? 0 : 1);

    /// <summary>When it failed last, by <see cref="Environment.TickCount64"/>; 0 for never.</summary>
    internal long FailedAt => Volatile.Read(ref _failedAt);

    /// <summary>Asks it something, unless its circuit is broken.</summary>
    internal async Task<IAnswerSink> AskThroughBreakerAsync(Func<PageConnection, CancellationToken, Task<IAnswerSink>> ask, TimeSpan patience, CancellationToken cancellation) =>
        await _breaker.Value.ExecuteAsync(async token => await AskAsync(ask, patience, token).ConfigureAwait(false), cancellation).ConfigureAwait(false);

    /// <summary>Asks it something. A server that sends what is wrong, or nothing, is left: with a new connection it begins anew.</summary>
    /// <param name="ask">Makes the request.</param>
    /// <param name="patience">How long the answer may take.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task<IAnswerSink> AskAsync(Func<PageConnection, CancellationToken, Task<IAnswerSink>> ask, TimeSpan patience, CancellationToken cancellation)
    {
        try
        {
            return await AskConnectedAsync(ask, patience, cancellation).ConfigureAwait(false);
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            Volatile.Write(ref _failedAt, Environment.TickCount64);
            throw;
        }
    }

    /// <summary>Connects if there is no connection. Whoever comes while one is being made waits for that one.</summary>
    internal async ValueTask<PageConnection> ConnectedAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _connection) is { IsUsable: true } usable)
        {
            return usable;
        }

        await _connecting.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_connection is { IsUsable: true } made)
            {
                return made;
            }

            using var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            attempt.CancelAfter(_timeouts.Greeting);
            try
            {
                PageConnection connection = await ConnectAsync(attempt.Token).ConfigureAwait(false);
                Volatile.Write(ref _connection, connection);
                return connection;
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new TimeoutException("it does not answer in time");
            }
        }
        finally
        {
            _ = _connecting.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Volatile.Read(ref _connection)?.Dispose();

    private async Task<IAnswerSink> AskConnectedAsync(
        Func<PageConnection, CancellationToken, Task<IAnswerSink>> ask, TimeSpan patience, CancellationToken cancellation)
    {
        PageConnection connection = await ConnectedAsync(cancellation).ConfigureAwait(false);
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        attempt.CancelAfter(patience);
        try
        {
            return await ask(connection, attempt.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            TimeoutException problem = new("the answer does not come in time");
            connection.Leave(problem);
            throw problem;
        }
        catch (Exception problem) when (problem is ImageDamagedException or PageProtocolException)
        {
            _ = Interlocked.Increment(ref _lies);
            connection.Leave(problem);
            throw;
        }
    }

    private async Task<PageConnection> ConnectAsync(CancellationToken cancellation)
    {
        ByteChannel channel;
        try
        {
            channel = Location.Host is null
                ? await DialAsync(cancellation).ConfigureAwait(false)
                : await DialAgainAndAgainAsync(cancellation).ConfigureAwait(false);
        }
        catch (AuthenticationException problem)
        {
            throw new LazyRestoreException(
                FailureReason.SourceUnreachable,
                $"there is no TLS with {Location}: {problem.InnerException?.Message ?? problem.Message}",
                "See --tls-ca, --tls-cert and --tls-key, and that the server's certificate names this host.",
                problem);
        }

        PageConnection connection = await PageConnection.OpenAsync(channel, ReadToken(), _timeouts, cancellation).ConfigureAwait(false);
        try
        {
            await _openImage(connection, cancellation).ConfigureAwait(false);
            connection.OnLost = _onLost;
            return connection.IsUsable ? connection : throw new IOException("the connection is lost again");
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private Task<ByteChannel> DialAsync(CancellationToken cancellation) => Dialer.DialAsync(Location, _credentials, cancellation);

    // Who does not answer soon is dialled once more, and again, beside the first attempt.
    private async Task<ByteChannel> DialAgainAndAgainAsync(CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<ByteChannel> first = DialAsync(ending.Token);
        if (await Task.WhenAny(first, Task.Delay(_timeouts.Redial, cancellation)).ConfigureAwait(false) == first)
        {
            return await first.ConfigureAwait(false);
        }

        int attempts = 0;
        try
        {
            return await Dialing(_timeouts.Redial).ExecuteAsync(
                async token => await (Interlocked.Increment(ref attempts) == 1 ? first : DialAsync(token)).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
        }
    }

    private static ResiliencePipeline<ByteChannel> Dialing(TimeSpan redial) => new ResiliencePipelineBuilder<ByteChannel>()
        .AddHedging(new HedgingStrategyOptions<ByteChannel>
        {
            ShouldHandle = static _ => ValueTask.FromResult(false),
            MaxHedgedAttempts = MostFurtherDials,
            DelayGenerator = arguments => ValueTask.FromResult(arguments.AttemptNumber == 0 ? TimeSpan.Zero : redial),
        })
        .Build();

    private ResiliencePipeline<IAnswerSink> Breaker() => new ResiliencePipelineBuilder<IAnswerSink>()
        .AddCircuitBreaker(new CircuitBreakerStrategyOptions<IAnswerSink>
        {
            // Who lies works; it is asked as the last for that.
            ShouldHandle = static arguments => ValueTask.FromResult(arguments.Outcome.Exception is not (
                null or OperationCanceledException or ImageDamagedException or DamagedThereException)),
            FailureRatio = 0.5,
            MinimumThroughput = 2,
            SamplingDuration = TimeSpan.FromSeconds(5),
            BreakDuration = _timeouts.Break,
            StateProvider = _state,
        })
        .Build();

    private string? ReadToken()
    {
        try
        {
            return _credentials.TokenFile is { } file ? TokenText.Read(file) : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new LazyRestoreException(FailureReason.Failed, $"the token cannot be read: {problem.Message}", "Name a file that holds it, --token-file.", problem);
        }
    }
}
