using System.Collections.Concurrent;
using LazyRestore.Agent.Protocol;
using LazyRestore.Agent.Sources.Remote;
using LazyRestore.ImageFormat;
using Polly;
using Polly.Retry;

namespace LazyRestore.Agent.Pushing;

/// <summary>Pushes the pages of an image into a restore that takes them: those that somebody waits for first, the others by address.</summary>
/// <param name="image">The image.</param>
/// <param name="name">Who pushes, for people.</param>
public sealed class PushClient(CheckpointImage image, string name)
{
    private const int PagesPerFrame = PageProtocol.LongestPayload / ImageLayout.PageSize;

    /// <summary>Pushes to an address until the restore lacks nothing. A connection that is lost is made again, and all pages are pushed again.</summary>
    /// <param name="url">tcp://ADDRESS:PORT or unix:PATH.</param>
    /// <param name="patience">How long to try to connect.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>How many pages were pushed.</returns>
    /// <exception cref="LazyRestoreException">Nobody takes pages there, or refuses these.</exception>
    public async Task<long> PushAsync(string url, TimeSpan patience, CancellationToken cancellation)
    {
        var location = RemoteLocation.Parse(url);
        long pages = 0;
        bool isDone = false;
        while (!isDone)
        {
            using ByteChannel channel = await ConnectAsync(location, patience, cancellation).ConfigureAwait(false);
            Connection connection = new(channel);
            using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            Task listening = connection.ListenAsync(end.Token);
            try
            {
                pages += await PushAllAsync(connection, channel, end.Token).ConfigureAwait(false);
                await connection.ServeWantsAsync(listening, (space, address) => WriteWantedAsync(channel, space, address, end.Token)).ConfigureAwait(false);
            }
            catch (IOException)
            {
                // The other side has left, or lacks nothing; it has said what before that.
            }

            await end.CancelAsync().ConfigureAwait(false);
            await listening.ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            isDone = connection.IsDone;
            if (connection.Refusal is { } refusal)
            {
                throw new LazyRestoreException(
                    FailureReason.DamagedImage, $"{url} refuses what was pushed: {refusal}", "Push the image that is being restored.");
            }
        }

        return pages;
    }

    /// <summary>Writes everything to a pipe that nobody answers through.</summary>
    /// <returns>How many pages were written.</returns>
    public async Task<long> WriteAsync(Stream output, CancellationToken cancellation)
    {
        using var channel = ByteChannel.Of(output);
        return await PushAllAsync(wants: null, channel, cancellation).ConfigureAwait(false);
    }

    private static async Task<ByteChannel> ConnectAsync(RemoteLocation location, TimeSpan patience, CancellationToken cancellation)
    {
        using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(patience);
        Exception? last = null;
        ResiliencePipeline retry = new ResiliencePipelineBuilder()
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = arguments =>
                {
                    last = arguments.Outcome.Exception;
                    return ValueTask.FromResult(last is System.Net.Sockets.SocketException);
                },
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromMilliseconds(20),
                MaxDelay = TimeSpan.FromMilliseconds(250),
                MaxRetryAttempts = int.MaxValue,
            })
            .Build();
        try
        {
            return await retry.ExecuteAsync(
                async token => await Dialer.DialAsync(location, new RemoteCredentials(), token).ConfigureAwait(false), deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new LazyRestoreException(
                FailureReason.SourceUnreachable, $"nobody takes pages at {location}: {last?.Message}", "See that 'lazyrestore restore --push' runs there.");
        }
    }

    private async Task<long> PushAllAsync(Connection? wants, ByteChannel channel, CancellationToken cancellation)
    {
        long pages = 0;
        _ = await channel.Output.WriteAsync(Frames.PushHello(name), cancellation).ConfigureAwait(false);
        byte[] extent = new byte[ImageLayout.ExtentSpan];
        ExtentHeader? header = null;
        foreach (int space in image.Checkpoint.Processes.Select(static process => process.Process.Space))
        {
            _ = await channel.Output.WriteAsync(Frames.Numbers(FrameKind.Space, (ulong)space), cancellation).ConfigureAwait(false);
            foreach (ExtentEntry entry in image.Index.InSpace(space))
            {
                while (wants is not null && wants.TryTake(out (int Space, ulong Address) wanted))
                {
                    await WriteWantedAsync(channel, wanted.Space, wanted.Address, cancellation).ConfigureAwait(false);
                    _ = await channel.Output.WriteAsync(Frames.Numbers(FrameKind.Space, (ulong)space), cancellation).ConfigureAwait(false);
                }

                header = image.ReadHeader(entry, header);
                image.ReadPages(entry, header, extent);
                pages += header.PresentPages;
                await WriteExtentAsync(channel, header, extent, cancellation).ConfigureAwait(false);
            }
        }

        return pages;
    }

    private static async Task WriteExtentAsync(ByteChannel channel, ExtentHeader header, byte[] pages, CancellationToken cancellation)
    {
        for (int page = 0, ordinal = 0; page < ImageLayout.PagesPerExtent; page++)
        {
            int count = 0;
            while (count < PagesPerFrame && page + count < ImageLayout.PagesPerExtent && header.Presence[page + count])
            {
                count++;
            }

            if (count > 0)
            {
                await WriteAsync(
                    channel, header.Address.Address + ((ulong)page * ImageLayout.PageSize),
                    pages.AsMemory(ordinal * ImageLayout.PageSize, count * ImageLayout.PageSize), cancellation).ConfigureAwait(false);
                ordinal += count;
                page += count - 1;
            }
        }
    }

    private async Task WriteWantedAsync(ByteChannel channel, int space, ulong address, CancellationToken cancellation)
    {
        int page = (int)(address % ImageLayout.ExtentSpan / ImageLayout.PageSize);
        if (image.Index.Find(space, address) is { } entry && image.ReadHeader(entry) is var header && header.Presence[page])
        {
            byte[] bytes = new byte[ImageLayout.PageSize];
            image.ReadPage(entry, header, header.Presence.Rank(page), bytes);
            _ = await channel.Output.WriteAsync(Frames.Numbers(FrameKind.Space, (ulong)space), cancellation).ConfigureAwait(false);
            await WriteAsync(channel, address, bytes, cancellation).ConfigureAwait(false);
        }
    }

    private static async Task WriteAsync(ByteChannel channel, ulong address, ReadOnlyMemory<byte> pages, CancellationToken cancellation)
    {
        DataFrame.Write(channel.Output.GetSpan(DataFrame.HeadLength), address, isLast: false, pages.Length);
        channel.Output.Advance(DataFrame.HeadLength);
        _ = await channel.Output.WriteAsync(pages, cancellation).ConfigureAwait(false);
    }

    /// <summary>What the restore says.</summary>
    private sealed class Connection(ByteChannel channel)
    {
        private readonly ConcurrentQueue<(int Space, ulong Address)> _wants = new();
        private readonly SemaphoreSlim _told = new(0);

        internal bool IsDone { get; private set; }

        internal string? Refusal { get; private set; }

        internal bool TryTake(out (int Space, ulong Address) wanted) => _wants.TryDequeue(out wanted);

        internal async Task ServeWantsAsync(Task listening, Func<int, ulong, Task> serve)
        {
            while (!listening.IsCompleted)
            {
                _ = await Task.WhenAny(listening, _told.WaitAsync()).ConfigureAwait(false);
                while (TryTake(out (int Space, ulong Address) wanted))
                {
                    await serve(wanted.Space, wanted.Address).ConfigureAwait(false);
                }
            }
        }

        internal async Task ListenAsync(CancellationToken cancellation)
        {
            try
            {
                FrameReader frames = new(channel.Input);
                while (!IsDone && Refusal is null && await frames.ReadAsync(cancellation).ConfigureAwait(false))
                {
                    Take(frames.Frame);
                }
            }
            catch (Exception problem) when (problem is IOException or OperationCanceledException)
            {
                // The connection is made again.
            }
        }

        private void Take(ReadOnlyMemory<byte> frame)
        {
            FrameArguments arguments = FrameArguments.Read(frame, out FrameKind kind);
            switch (kind)
            {
                case FrameKind.Hello:
                    _ = PushHello.Read(ref arguments);
                    break;
                case FrameKind.Want:
                    _wants.Enqueue(((int)arguments.Number(int.MaxValue), arguments.Number()));
                    _ = _told.Release();
                    break;
                case FrameKind.Done:
                    IsDone = true;
                    break;
                case FrameKind.Error:
                    _ = arguments.Number();
                    string reason = arguments.Text();
                    Refusal = reason is "unknown" ? Refusal : arguments.Text();
                    break;
            }
        }
    }
}
