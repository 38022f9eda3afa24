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
    /// <param name="path">The file, a <see cref="RemoteLocation"/>, or the address of an object.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="LazyRestoreException">It cannot be opened, or is no intact image.</exception>
    public static CheckpointImage Open(string path, CancellationToken cancellation = default) =>
        RemoteLocation.IsRemote(path) ? OpenRemote(RemoteLocation.Parse(path), cancellation)
            : ObjectStores.IsObject(path) ? OpenObject(path, cancellation)
            : Open(() => CheckpointImage.OpenFile(path), TimeProvider.System, cancellation);

    /// <summary>Whether a name stands for an image elsewhere, rather than for a file.</summary>
    public static bool IsElsewhere(string path) => RemoteLocation.IsRemote(path) || ObjectStores.IsObject(path);

    /// <summary>What stands for an image in whatever folder one is: the full path of a file, or the location of an image elsewhere.</summary>
    public static string Absolute(string path) => IsElsewhere(path) ? path : Path.GetFullPath(path);

    // On the thread pool, because the caller's thread may be one that traces and must have no children but those.
    private static CheckpointImage OpenRemote(RemoteLocation location, CancellationToken cancellation) =>
        CheckpointImage.Open(new RemoteImageBytes(
            Task.Run(() => RemoteImage.OpenAsync(location, Patience, cancellation), cancellation).GetAwaiter().GetResult()));

    private static CheckpointImage OpenObject(string location, CancellationToken cancellation) =>
        CheckpointImage.Open(new RemoteImageBytes(
            Task.Run(() => ObjectImage.OpenAsync(ObjectStores.Of(location), new ObjectSettings(), cancellation), cancellation).GetAwaiter().GetResult()));

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
