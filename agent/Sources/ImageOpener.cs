using LazyRestore.Agent.Protocol;
using LazyRestore.Agent.Pushing;
using LazyRestore.Agent.Sources.Caching;
using LazyRestore.Agent.Sources.Objects;
using LazyRestore.Agent.Sources.Remote;
using LazyRestore.ImageFormat;
using Polly;
using Polly.Retry;

namespace LazyRestore.Agent.Sources;

/// <summary>
/// Opens images on storage that may be out of reach for a moment, such as a network file system while its server restarts. An
/// image that is damaged, missing or forbidden stays so, and is reported at once.
/// </summary>
public static class ImageOpener
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(1);

    /// <summary>Opens an image file, again and again for ten seconds while the error is one that passes.</summary>
    /// <param name="path">The file, the text of <see cref="RemoteReplicas"/>, <see cref="CachedLocation"/> or <see cref="PushLocation"/>, or the address of an object.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="LazyRestoreException">It cannot be opened, or is no intact image.</exception>
    public static CheckpointImage Open(string path, CancellationToken cancellation = default) => Open(path, PageTimeouts.Usual, cancellation);

    /// <summary>Opens an image, with less patience for one elsewhere.</summary>
    /// <param name="path">As above.</param>
    /// <param name="patience">How long to wait for an image elsewhere; never longer than otherwise.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="LazyRestoreException">It cannot be opened, or is no intact image.</exception>
    public static CheckpointImage Open(string path, TimeSpan patience, CancellationToken cancellation = default) =>
        Open(path, patience == Timeout.InfiniteTimeSpan ? PageTimeouts.Usual : PageTimeouts.Usual.Within(patience), cancellation);

    /// <summary>Opens an image file, or an image elsewhere with other time-outs.</summary>
    internal static CheckpointImage Open(string path, PageTimeouts timeouts, CancellationToken cancellation = default) =>
        PushLocation.Is(path) ? OpenPushed(PushLocation.Parse(path), cancellation)
        : CachedLocation.Is(path) ? OpenCached(CachedLocation.Parse(path), timeouts, cancellation)
        : IsElsewhere(path) ? CheckpointImage.Open(new RemoteImageBytes(OpenElsewhere(path, timeouts, cancellation)))
        : Open(() => CheckpointImage.OpenFile(path), TimeProvider.System, cancellation);

    /// <summary>Whether a name stands for an image elsewhere, rather than for a file.</summary>
    public static bool IsElsewhere(string path) => CachedLocation.Is(path) || RemoteReplicas.IsRemote(path) || ObjectStores.IsObject(path);

    /// <summary>The recording of what processes of an image touch first; null when there is none beside it.</summary>
    /// <param name="image">The image.</param>
    /// <param name="path">What it was opened by.</param>
    public static WorkingSet? FindWorkingSet(CheckpointImage image, string path)
    {
        ReadOnlySpan<byte> id = image.Checkpoint.Header.ImageId.Span;
        return image.Bytes is RemoteImageBytes bytes
            ? WorkingSet.Parse(OnThreadPool(bytes.Remote.ReadAdviceAsync), id)
            : WorkingSet.TryRead(path, id);
    }

    /// <summary>What stands for an image in whatever folder one is: the full path of a file, or the location of an image elsewhere.</summary>
    public static string Absolute(string path) => IsElsewhere(path) || PushLocation.Is(path) ? path : Path.GetFullPath(path);

    private static CheckpointImage OpenPushed(PushLocation location, CancellationToken cancellation)
    {
        CheckpointImage file = Open(location.Image, cancellation);
        try
        {
            return CheckpointImage.Open(new PushedImageBytes(file, PushReceiver.Open(location, file)));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static IRemoteImage OpenElsewhere(string location, PageTimeouts timeouts, CancellationToken cancellation)
    {
        SourceHealth health = new();
        IRemoteImage image = OnThreadPool(() => OpenElsewhereAsync(location, health, timeouts, cancellation));
        health.Forget();
        return image;
    }

    private static async Task<IRemoteImage> OpenElsewhereAsync(
        string location, SourceHealth health, PageTimeouts timeouts, CancellationToken cancellation) => RemoteReplicas.IsRemote(location)
        ? await RemoteImage.OpenAsync(RemoteReplicas.Parse(location), health, timeouts, cancellation).ConfigureAwait(false)
        : await ObjectImage.OpenAsync(
            ObjectStores.Of(location), health, new ObjectSettings { Patience = timeouts.Opening }, cancellation).ConfigureAwait(false);

    // What a cache knows of an image serves while that cannot be reached.
    private static CheckpointImage OpenCached(CachedLocation cached, PageTimeouts timeouts, CancellationToken cancellation)
    {
        CacheFolder folder = new(cached.Folder, cached.Limit);
        CachedManifest? known = CachedManifest.TryRead(folder, cached.Location);
        PageTimeouts usual = known is null ? timeouts : timeouts with { Opening = timeouts.OpeningWithCache };
        try
        {
            IRemoteImage reached = OpenElsewhere(cached.Location, usual, cancellation);
            CheckpointImage image = Open(new CachedImage(reached, folder, manifest: null));
            CachedManifest.Of(image).Write(folder, cached.Location);
            return image;
        }
        catch (LazyRestoreException problem) when (known is not null && problem is { Reason: FailureReason.SourceUnreachable } and not SourceRefusedException)
        {
            return OpenUnreached(cached.Location, folder, known, timeouts, problem);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    private static CheckpointImage OpenUnreached(
        string location, CacheFolder folder, CachedManifest known, PageTimeouts timeouts, LazyRestoreException problem)
    {
        DeferredImage deferred = new(
            NameOf(location), (health, cancellation) => OpenElsewhereAsync(location, health, timeouts, cancellation), known);
        try
        {
            return Open(new CachedImage(deferred, folder, known));
        }
        catch (ImageDamagedException)
        {
            throw problem;
        }
    }

    private static CheckpointImage Open(CachedImage cached)
    {
        RemoteImageBytes bytes = new(cached);
        CheckpointImage image = CheckpointImage.Open(bytes);
        cached.Describe(image);

        // What was read ahead before it was known where the extents are has not been kept.
        bytes.Forget();
        return image;
    }

    private static string NameOf(string location) =>
        RemoteReplicas.IsRemote(location) ? RemoteReplicas.Parse(location).ToString() : ObjectStores.NameOf(location);

    // The caller's thread may be one that traces and must have no children but those.
    private static T OnThreadPool<T>(Func<Task<T>> work) => Task.Run(work).GetAwaiter().GetResult();

    /// <summary>Calls <paramref name="open"/> until it succeeds, or fails for good, or patience ends.</summary>
    internal static CheckpointImage Open(Func<CheckpointImage> open, TimeProvider time, CancellationToken cancellation)
    {
        // Building a pipeline costs more than opening an image, which almost always succeeds at once.
        try
        {
            return open();
        }
        catch (Exception problem) when (IsTransient(problem))
        {
            return OpenWithPatience(open, time, cancellation);
        }
    }

    private static CheckpointImage OpenWithPatience(Func<CheckpointImage> open, TimeProvider time, CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        ResiliencePipeline pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                BackoffType = DelayBackoffType.Exponential,
                Delay = FirstDelay,
                MaxDelay = LongestDelay,
                UseJitter = true,
                MaxRetryAttempts = int.MaxValue,
                ShouldHandle = arguments => ValueTask.FromResult(
                    arguments.Outcome.Exception is { } problem && IsTransient(problem) && time.GetElapsedTime(start) < Patience),
            })
            .Build();
        return pipeline.Execute(_ => open(), cancellation);
    }

    /// <summary>Whether an error can pass by itself.</summary>
    internal static bool IsTransient(Exception problem)
    {
        // An IOException of the runtime has the error number as its HResult; its subclasses (not found, too long, ended) do not pass.
        Exception? cause = problem is LazyRestoreException ? problem.InnerException : problem;
        return cause is not null && cause.GetType() == typeof(IOException) && cause.HResult is
            Interop.Errno.EINTR or Interop.Errno.EIO or Interop.Errno.EAGAIN or Interop.Errno.ENOMEM or Interop.Errno.ENFILE
            or Interop.Errno.EMFILE or Interop.Errno.ETIMEDOUT or Interop.Errno.EHOSTDOWN or Interop.Errno.EHOSTUNREACH
            or Interop.Errno.ESTALE;
    }
}
