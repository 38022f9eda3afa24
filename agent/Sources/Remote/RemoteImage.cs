using LazyRestore.Agent.Protocol;
using LazyRestore.ImageFormat;
using MessagePack;
using Polly;
using Polly.Retry;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>
/// An image on a page server. A connection that is lost is made again, with growing pauses; a request that was under way is made
/// again then, and not before. An image that is another one by then is refused.
/// </summary>
internal sealed class RemoteImage : IRemoteImage
{
    private const long LongestManifest = 1L << 30;
    private static readonly TimeSpan s_demand = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_bulk = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_attempt = TimeSpan.FromSeconds(5);
    private readonly RemoteLocation _location;
    private readonly SemaphoreSlim _connecting = new(1);
    private readonly CancellationTokenSource _end = new();
    private readonly ResiliencePipeline _retry;
    private PageConnection? _connection;

    private RemoteImage(RemoteLocation location)
    {
        _location = location;
        _retry = new ResiliencePipelineBuilder()
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = static arguments => ValueTask.FromResult(IsTransient(arguments.Outcome.Exception)),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromMilliseconds(20),
                MaxDelay = TimeSpan.FromMilliseconds(250),
                MaxRetryAttempts = int.MaxValue,
            })
            .Build();
    }

    /// <summary>What the image is; known once it is opened.</summary>
    internal ImageIdentity Identity { get; private set; } = null!;

    /// <summary>Records, index and trailer.</summary>
    internal ReadOnlyMemory<byte> Manifest { get; private set; }

    /// <inheritdoc/>
    public long Length => Identity.Length;

    /// <summary>Opens an image and fetches everything but its extents.</summary>
    /// <exception cref="LazyRestoreException">It cannot be reached in time, or the server refuses.</exception>
    internal static async Task<RemoteImage> OpenAsync(RemoteLocation location, TimeSpan patience, CancellationToken cancellation)
    {
        RemoteImage image = new(location);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(patience);
        Exception? last = null;
        try
        {
            GatheredAnswer manifest = await image._retry.ExecuteAsync(
                async token =>
                {
                    try
                    {
                        PageConnection connection = await image.ConnectedAsync(token).ConfigureAwait(false);
                        ImageIdentity identity = image.Identity;
                        GatheredAnswer answer = new(identity.ExtentsStart + identity.Length - identity.ExtentsEnd);
                        _ = await connection.AskAsync(
                            id => Frames.Numbers(FrameKind.Manifest, id, connection.Image), answer, isBulk: false, token).ConfigureAwait(false);
                        return answer;
                    }
                    catch (Exception problem) when (problem is not OperationCanceledException)
                    {
                        last = problem;
                        throw;
                    }
                },
                deadline.Token).ConfigureAwait(false);
            image.Manifest = manifest.Bytes;
            return image;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            image.Dispose();
            throw new LazyRestoreException(
                FailureReason.SourceUnreachable,
                $"no page server answers at {location}: {last?.Message ?? "it is silent"}",
                "See that 'lazyrestore serve' runs there and can be reached.",
                last);
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
    public async Task FetchAsync(Func<PagesQuery> query, PageAnswer sink, bool isBulk, CancellationToken cancellation) => await _retry.ExecuteAsync(
        async token =>
        {
            PageConnection connection = await ConnectedAsync(token).ConfigureAwait(false);
            PagesQuery missing = query();
            sink.Begin(missing);
            using var attempt = CancellationTokenSource.CreateLinkedTokenSource(token);
            attempt.CancelAfter(isBulk ? s_bulk : s_demand);
            try
            {
                _ = await connection.AskAsync(id => Frames.Pages(id, connection.Image, missing, isBulk), sink, isBulk, attempt.Token).ConfigureAwait(false);
                sink.End();
            }
            catch (Exception problem) when (problem is not IOException && !token.IsCancellationRequested)
            {
                // A server that sends what is wrong, or nothing, is left: with a new connection it begins anew.
                connection.Dispose();
                if (problem is OperationCanceledException)
                {
                    throw new TimeoutException("the answer does not come in time", problem);
                }

                throw;
            }
        },
        cancellation).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>> ReadAsync(long offset, int length) => await _retry.ExecuteAsync(
        async token =>
        {
            PageConnection connection = await ConnectedAsync(token).ConfigureAwait(false);
            GatheredAnswer answer = new(length);
            _ = await connection.AskAsync(id => Frames.Read(id, connection.Image, offset, length, isBulk: false), answer, isBulk: false, token).ConfigureAwait(false);
            return answer.Bytes.Length == length ? answer.Bytes : throw new PageProtocolException("an answer is shorter than what was asked for");
        },
        _end.Token).ConfigureAwait(false);

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Cancel();
        Volatile.Read(ref _connection)?.Dispose();
    }

    private static bool IsTransient(Exception? problem) => problem is IOException or System.Net.Sockets.SocketException or TimeoutException;

    // A connection with the image opened. Whoever comes while it is being made waits for that one.
    private async ValueTask<PageConnection> ConnectedAsync(CancellationToken cancellation)
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
            attempt.CancelAfter(s_attempt);
            try
            {
                ByteChannel channel = await Dialer.DialAsync(_location, attempt.Token).ConfigureAwait(false);
                PageConnection connection = await PageConnection.OpenAsync(channel, attempt.Token).ConfigureAwait(false);
                await OpenImageAsync(connection, attempt.Token).ConfigureAwait(false);
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

    private async Task OpenImageAsync(PageConnection connection, CancellationToken cancellation)
    {
        const int LongestAnswer = 64;
        GatheredAnswer answer = new(LongestAnswer);
        try
        {
            connection.Image = await connection.AskAsync(id => Frames.Open(id, _location.Name), answer, isBulk: false, cancellation).ConfigureAwait(false);
            ImageIdentity identity = ReadIdentity(answer.Bytes);
            Identity ??= identity;
            if (identity != Identity)
            {
                throw new LazyRestoreException(
                    FailureReason.SourceUnreachable, $"there is another image now at {_location}", "Put the former one back under this name.");
            }
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static ImageIdentity ReadIdentity(ReadOnlyMemory<byte> answer)
    {
        try
        {
            MessagePackReader reader = new(answer);
            _ = reader.ReadArrayHeader();
            (long length, long start, long end) = (reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64());
            ReadOnlyMemory<byte> digest = answer[(int)reader.Consumed..];
            return digest.Length == ImageIdentity.DigestLength && start > 0 && start <= end && end <= length && length - end + start <= LongestManifest
                ? new ImageIdentity(length, start, end, Convert.ToHexStringLower(digest.Span))
                : throw new PageProtocolException("the answer to an open is impossible");
        }
        catch (Exception problem) when (problem is MessagePackSerializationException or EndOfStreamException or OverflowException)
        {
            throw new PageProtocolException("the answer to an open has another form");
        }
    }

}
