using LazyRestore.Agent.Protocol;
using LazyRestore.Agent.Sources.Remote;
using Polly;
using Polly.Retry;

namespace LazyRestore.Agent.Sources.Caching;

/// <summary>An image elsewhere that is opened when something of it is needed, because it could not be reached before and a cache knows what it is.</summary>
/// <param name="name">What it is called.</param>
/// <param name="open">Opens it, and says whether it can be reached.</param>
/// <param name="manifest">What it has to be.</param>
internal sealed class DeferredImage(string name, Func<SourceHealth, CancellationToken, Task<IRemoteImage>> open, CachedManifest manifest) : IRemoteImage
{
    private readonly SemaphoreSlim _opening = new(1);
    private readonly CancellationTokenSource _end = new();
    private readonly ResiliencePipeline _retry = new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = static arguments => ValueTask.FromResult(
                arguments.Outcome.Exception is LazyRestoreException { Reason: FailureReason.SourceUnreachable } and not ImageReplacedException),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = TimeSpan.FromMilliseconds(50),
            MaxDelay = TimeSpan.FromSeconds(1),
            MaxRetryAttempts = int.MaxValue,
        })
        .Build();

    private IRemoteImage? _image;

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public SourceHealth Health { get; } = new();

    /// <inheritdoc/>
    public long Length => manifest.Length;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> AtHand(long offset) => default;

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>> ReadAsync(long offset, int length) =>
        await (await OpenOnceAsync(_end.Token).ConfigureAwait(false)).ReadAsync(offset, length).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task FetchAsync(Func<PagesQuery> query, PageAnswer sink, bool isBulk, CancellationToken cancellation)
    {
        IRemoteImage image = await _retry.ExecuteAsync(async token => await OpenOnceAsync(token).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        await image.FetchAsync(query, sink, isBulk, cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Cancel();
        _image?.Dispose();
    }

    private async ValueTask<IRemoteImage> OpenOnceAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _image) is { } opened)
        {
            return opened;
        }

        await _opening.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_image is null)
            {
                IRemoteImage image = await open(Health, cancellation).ConfigureAwait(false);
                if (!manifest.IsOf(image))
                {
                    image.Dispose();
                    throw new ImageReplacedException(name);
                }

                Volatile.Write(ref _image, image);
            }

            return _image;
        }
        catch (LazyRestoreException problem)
        {
            Health.Lost(problem);
            throw;
        }
        finally
        {
            _ = _opening.Release();
        }
    }
}
