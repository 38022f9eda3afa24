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
    private static readonly TimeSpan PatienceWithCache = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(1);

    /// <summary>Opens an image file, again and again for ten seconds while the error is one that passes.</summary>
    /// <param name="path">The file, a <see cref="RemoteLocation"/>, or the address of an object.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="LazyRestoreException">It cannot be opened, or is no intact image.</exception>
    public static CheckpointImage Open(string path, CancellationToken cancellation = default) =>
        CachedLocation.Is(path) ? OpenCached(CachedLocation.Parse(path), cancellation)
            : IsElsewhere(path) ? Open(OnThreadPool(() => OpenRemoteAsync(path, Patience, cancellation)))
            : Open(() => CheckpointImage.OpenFile(path), TimeProvider.System, cancellation);

    /// <summary>Whether a name stands for an image elsewhere, rather than for a file.</summary>
    public static bool IsElsewhere(string path) => CachedLocation.Is(path) || RemoteLocation.IsRemote(path) || ObjectStores.IsObject(path);

    /// <summary>What stands for an image in whatever folder one is: the full path of a file, or the location of an image elsewhere.</summary>
    public static string Absolute(string path) => IsElsewhere(path) ? path : Path.GetFullPath(path);

    private static CheckpointImage Open(IRemoteImage image) => CheckpointImage.Open(new RemoteImageBytes(image));

    private static async Task<IRemoteImage> OpenRemoteAsync(string location, TimeSpan patience, CancellationToken cancellation) =>
        RemoteLocation.IsRemote(location)
            ? await RemoteImage.OpenAsync(RemoteLocation.Parse(location), patience, cancellation).ConfigureAwait(false)
            : await ObjectImage.OpenAsync(
                ObjectStores.Of(location), new ObjectSettings { Patience = patience }, cancellation).ConfigureAwait(false);

    // What a cache knows of an image serves while that cannot be reached.
    private static CheckpointImage OpenCached(CachedLocation cached, CancellationToken cancellation)
    {
        CacheFolder folder = new(cached.Folder, cached.Limit);
        CachedManifest? known = CachedManifest.TryRead(folder, cached.Location);
        try
        {
            IRemoteImage reached = OnThreadPool(() => OpenRemoteAsync(cached.Location, known is null ? Patience : PatienceWithCache, cancellation));
            CheckpointImage image = Open(new CachedImage(reached, folder, manifest: null));
            CachedManifest.Of(image).Write(folder, cached.Location);
            return image;
        }
        catch (LazyRestoreException problem) when (known is not null && problem is { Reason: FailureReason.SourceUnreachable } and not SourceRefusedException)
        {
            return OpenUnreached(cached.Location, folder, known, problem);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    private static CheckpointImage OpenUnreached(string location, CacheFolder folder, CachedManifest known, LazyRestoreException problem)
    {
        DeferredImage deferred = new(location, token => OpenRemoteAsync(location, Patience, token), known);
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
