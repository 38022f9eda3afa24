using System.Buffers;
using System.IO.Pipelines;
using LazyRestore.Agent.Protocol;
using LazyRestore.ImageFormat;
using MessagePack;

namespace LazyRestore.Agent.Server;

/// <summary>
/// One client of a page server. What it costs is bounded: its requests are counted, and a piece of an answer is read when it can be
/// sent, so a client that does not read holds up nobody but itself.
/// </summary>
/// <param name="pipe">The way to the client.</param>
/// <param name="images">What it may have.</param>
/// <param name="gate">Who knows whether it may.</param>
/// <param name="timeouts">How long to wait for it.</param>
internal sealed class ClientSession(IDuplexPipe pipe, ServedImages images, Gatekeeper gate, PageTimeouts timeouts)
{
    private readonly FrameReader _input = new(pipe.Input);
    private readonly AnswerQueue _queue = new();
    private readonly Dictionary<ulong, OpenedImage> _images = [];
    private readonly long _begun = Environment.TickCount64;
    private ExtentHeader? _header;
    private volatile bool _isGreeted;
    private bool _isDraining;
    private long _said = Environment.TickCount64;

    /// <summary>Whether the client has said who it is, and may be here.</summary>
    internal bool IsGreeted => _isGreeted;

    /// <summary>Serves until the client leaves, breaks the rules or falls silent, or all is sent after <see cref="Drain"/>.</summary>
    internal async Task RunAsync(CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task[] work = [ReceiveAsync(ending.Token), SendAsync(ending.Token), WatchAsync(ending.Token)];
        Task first = await Task.WhenAny(work).ConfigureAwait(false);
        await ending.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first.ConfigureAwait(false);
    }

    /// <summary>Takes no further requests, and ends when all is sent that was asked for before.</summary>
    internal void Drain()
    {
        _isDraining = true;
        _queue.Add(Frames.Bare(FrameKind.Drain));
        _queue.Drain();
    }

    private async Task WatchAsync(CancellationToken cancellation)
    {
        using PeriodicTimer timer = new(timeouts.KeepAlive / 2);
        while (await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false))
        {
            long now = Environment.TickCount64;
            long silent = now - _input.LastArrival;
            if (!_isGreeted && now - _begun > timeouts.Greeting.TotalMilliseconds)
            {
                throw new IOException("the client has not said who it is");
            }

            if (silent > timeouts.Silence.TotalMilliseconds)
            {
                throw new IOException("the client has fallen silent");
            }

            if (_isGreeted && Math.Max(silent, now - Volatile.Read(ref _said)) > timeouts.KeepAlive.TotalMilliseconds)
            {
                _queue.Add(Frames.Bare(FrameKind.Ping));
            }
        }
    }

    private async Task ReceiveAsync(CancellationToken cancellation)
    {
        if (!await _input.ReadAsync(cancellation).ConfigureAwait(false))
        {
            return;
        }

        if (!TakeHello())
        {
            // The connection ends once that is sent.
            _queue.Add(Frames.Error(0, "unauthorized", "the token is missing or wrong"));
            _queue.Drain();
            await Task.Delay(Timeout.Infinite, cancellation).ConfigureAwait(false);
        }

        _queue.Add(Frames.Hello(new HelloFrame(0, Token: null, [PageProtocol.Advice])));
        _isGreeted = true;
        while (await _input.ReadAsync(cancellation).ConfigureAwait(false))
        {
            FrameArguments arguments = FrameArguments.Read(_input.Frame, out FrameKind kind);
            Take(kind, ref arguments);
        }
    }

    private bool TakeHello()
    {
        FrameArguments arguments = FrameArguments.Read(_input.Frame, out FrameKind kind);
        if (kind != FrameKind.Hello)
        {
            throw new PageProtocolException("the first frame has to be a hello");
        }

        HelloFrame hello = HelloFrame.Read(ref arguments);
        _queue.Grant(hello.Credit);
        return gate.Admits(hello.Token);
    }

    private void Take(FrameKind kind, ref FrameArguments arguments)
    {
        switch (kind)
        {
            case FrameKind.Hello:
                throw new PageProtocolException("a second hello");
            case FrameKind.Ping:
                _queue.Add(Frames.Bare(FrameKind.Pong));
                break;
            case FrameKind.Credit:
                _queue.Grant(arguments.Number());
                break;
            case FrameKind.Cancel:
                _queue.Cancel(arguments.Number());
                break;
            case FrameKind.List or FrameKind.Open or FrameKind.Manifest or FrameKind.Pages or FrameKind.Read or FrameKind.Advice:
                Answer(kind, ref arguments);
                break;
        }
    }

    private void Answer(FrameKind kind, ref FrameArguments arguments)
    {
        ulong id = arguments.Number();
        if (_isDraining)
        {
            _queue.Add(Frames.Error(id, "draining", "the server is about to end"));
            return;
        }

        try
        {
            _queue.Add(kind switch
            {
                FrameKind.List => new Answer(id, isBulk: false, Catalog()),
                FrameKind.Open => Open(id, arguments.Text()),
                FrameKind.Manifest => Manifest(id, OpenedOf(ref arguments).Image),
                FrameKind.Pages => Pages(id, OpenedOf(ref arguments).Image, ref arguments),
                FrameKind.Advice => Advice(id, OpenedOf(ref arguments)),
                _ => Read(id, OpenedOf(ref arguments).Image, ref arguments),
            });
        }
        catch (LazyRestoreException problem)
        {
            _queue.Add(Frames.Error(id, problem.Reason == FailureReason.DamagedImage ? "damaged" : "refused", problem.Message));
        }
    }

    private OpenedImage OpenedOf(ref FrameArguments arguments) =>
        _images.TryGetValue(arguments.Number(), out OpenedImage? opened)
            ? opened
            : throw new PageProtocolException("an image is asked for that was not opened");

    private byte[] Catalog()
    {
        ArrayBufferWriter<byte> output = new();
        MessagePackWriter writer = new(output);
        string[] names = images.Names;
        writer.WriteArrayHeader(names.Length);
        foreach (string name in names)
        {
            writer.Write(name);
        }

        writer.Flush();
        return output.WrittenSpan.ToArray();
    }

    private Answer Open(ulong id, string name)
    {
        if (_images.Count == PageProtocol.MostImages)
        {
            throw new PageProtocolException($"more than {PageProtocol.MostImages} images are opened");
        }

        OpenedImage opened = images.Open(name);
        CheckpointImage image = opened.Image;
        _images[id] = opened;
        ArrayBufferWriter<byte> output = new();
        MessagePackWriter writer = new(output);
        writer.WriteArrayHeader(3);
        writer.Write(image.Bytes.Length);
        writer.Write(image.ExtentsStart);
        writer.Write(image.ExtentsEnd);
        writer.Flush();

        // The trailer's digest, which ends the image, tells it from every other.
        return new Answer(id, isBulk: false, output.WrittenSpan.ToArray(), image.Bytes, (image.Bytes.Length - ImageIdentity.DigestLength, ImageIdentity.DigestLength));
    }

    private static Answer Advice(ulong id, OpenedImage opened) =>
        opened.Advice() is { } advice ? new Answer(id, isBulk: false, [], advice, (0, advice.Length)) : new Answer(id, isBulk: false, []);

    private static Answer Manifest(ulong id, CheckpointImage image) => new(
        id, isBulk: false, [], image.Bytes, (0, image.ExtentsStart), (image.ExtentsEnd, image.Bytes.Length - image.ExtentsEnd));

    private Answer Pages(ulong id, CheckpointImage image, ref FrameArguments arguments)
    {
        PagesQuery query = new(
            (int)arguments.Number((ulong)image.Index.Entries.Count - 1),
            (int)arguments.Number(ImageLayout.PagesPerExtent - 1),
            (int)arguments.Number(ImageLayout.PagesPerExtent),
            arguments.Flag());
        bool isBulk = arguments.Flag();
        ExtentEntry entry = image.Index.Entries[query.Extent];
        _header = image.ReadHeader(entry, _header);
        (long Offset, long Length) payload = PayloadRange.Of(_header, query.Page, query.Count);
        return query.WithHead
            ? new Answer(id, isBulk, [], image.Bytes, (entry.RecordOffset, entry.HeadLength), payload)
            : new Answer(id, isBulk, [], image.Bytes, payload);
    }

    private static Answer Read(ulong id, CheckpointImage image, ref FrameArguments arguments)
    {
        long offset = (long)arguments.Number((ulong)image.Bytes.Length);
        long length = (long)arguments.Number(Math.Min(PageProtocol.LongestRead, (ulong)(image.Bytes.Length - offset)));
        return new Answer(id, arguments.Flag(), [], image.Bytes, (offset, length));
    }

    private async Task SendAsync(CancellationToken cancellation)
    {
        while (await _queue.NextAsync(cancellation).ConfigureAwait(false) is var (frame, answer, length) && (frame is not null || answer is not null))
        {
            if (frame is not null)
            {
                pipe.Output.Write(frame);
            }
            else
            {
                Send(answer!, length);
            }

            FlushResult result = await pipe.Output.FlushAsync(cancellation).ConfigureAwait(false);
            Volatile.Write(ref _said, Environment.TickCount64);
            if (result.IsCompleted)
            {
                return;
            }
        }
    }

    private void Send(Answer answer, int length)
    {
        Span<byte> frame = pipe.Output.GetSpan(DataFrame.HeadLength + length);
        try
        {
            answer.Fill(frame.Slice(DataFrame.HeadLength, length));
        }
        catch (Exception problem) when (problem is LazyRestoreException or IOException)
        {
            _queue.Cancel(answer.Id);
            pipe.Output.Write(Frames.Error(answer.Id, "failed", problem.Message));
            return;
        }

        DataFrame.Write(frame, answer.Id, answer.Remaining == 0, length);
        pipe.Output.Advance(DataFrame.HeadLength + length);
    }
}
