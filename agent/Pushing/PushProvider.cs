using System.Buffers;
using System.Threading.Channels;
using LazyRestore.Agent.Protocol;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Pushing;

/// <summary>Somebody who pushes pages, as a receiver sees it.</summary>
/// <param name="receiver">Where the pages go.</param>
/// <param name="channel">The connection; it stays the caller's.</param>
internal sealed class PushProvider(PushReceiver receiver, ByteChannel channel)
{
    private const int MostFramesUnsent = 4096;

    // Who never reads what he is told misses some of it, and nobody waits for him.
    private readonly Channel<byte[]> _unsent = Channel.CreateBounded<byte[]>(
        new BoundedChannelOptions(MostFramesUnsent) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private string _name = "somebody";
    private int _space = ImageFormat.Records.ExtentAddress.Process;
    private ExtentHeader? _header;

    /// <summary>Says that somebody waits for a page.</summary>
    internal void Want(int space, ulong address) => Send(Frames.Numbers(FrameKind.Want, (ulong)space, address, 1));

    /// <summary>Says that no page is needed any more.</summary>
    internal void Done()
    {
        Send(Frames.Bare(FrameKind.Done));
        _ = _unsent.Writer.TryComplete();
    }

    /// <summary>Takes what is pushed until the provider leaves, or has to.</summary>
    /// <returns>Why it has ended.</returns>
    internal async Task<Exception> RunAsync(CancellationToken end)
    {
        Send(Frames.PushHello("lazyrestore"));
        Task sending = Task.Run(SendAllAsync, CancellationToken.None);
        Exception problem;
        try
        {
            await TakeAllAsync(end).ConfigureAwait(false);
            problem = new IOException($"{_name} has ended");
        }
        catch (PushRefusedException refusal)
        {
            Send(Frames.Error(refusal.Address, "damaged", refusal.Message));
            problem = refusal;
        }
        catch (Exception failure)
        {
            problem = new IOException($"{_name}: {failure.Message}", failure);
            if (failure is PageProtocolException)
            {
                Send(Frames.Error(0, "refused", failure.Message));
            }
        }

        // What it is told at the end, it is told if it listens.
        _ = _unsent.Writer.TryComplete();
        _ = await Task.WhenAny(sending, Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None)).ConfigureAwait(false);
        return problem;
    }

    private void Send(byte[] frame) => _ = _unsent.Writer.TryWrite(frame);

    private async Task SendAllAsync()
    {
        try
        {
            await foreach (byte[] frame in _unsent.Reader.ReadAllAsync().ConfigureAwait(false))
            {
                _ = await channel.Output.WriteAsync(frame).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is IOException or InvalidOperationException or ObjectDisposedException)
        {
            // It does not listen; that it has left is found out where its pages are read.
        }
    }

    private async Task TakeAllAsync(CancellationToken end)
    {
        FrameReader frames = new(channel.Input);
        bool isGreeted = false;
        while (await frames.ReadAsync(end).ConfigureAwait(false))
        {
            if (DataFrame.IsHead(frames.Frame.Span))
            {
                if (!isGreeted)
                {
                    throw new PageProtocolException("the first frame is no hello");
                }

                await TakePagesAsync(frames.Id, frames.Payload, end).ConfigureAwait(false);
                continue;
            }

            isGreeted |= Take(frames.Frame, isGreeted);
        }
    }

    private bool Take(ReadOnlyMemory<byte> frame, bool isGreeted)
    {
        FrameArguments arguments = FrameArguments.Read(frame, out FrameKind kind);
        if (kind == FrameKind.Hello)
        {
            _name = PushHello.Read(ref arguments);
            if (!isGreeted)
            {
                receiver.Greet(this);
            }
        }
        else if (kind == FrameKind.Space)
        {
            _space = (int)arguments.Number(int.MaxValue);
        }
        else if (!isGreeted)
        {
            throw new PageProtocolException("the first frame is no hello");
        }

        return kind == FrameKind.Hello;
    }

    private async Task TakePagesAsync(ulong address, ReadOnlySequence<byte> payload, CancellationToken end)
    {
        if (payload.Length == 0 || payload.Length % ImageLayout.PageSize != 0 || address % ImageLayout.PageSize != 0
            || ulong.MaxValue - address < (ulong)payload.Length)
        {
            throw new PageProtocolException($"what is pushed to 0x{address:x} are no whole pages");
        }

        if (await receiver.SourceAsync(_space, end).ConfigureAwait(false) is not { } source)
        {
            Send(Frames.Error(address, "unknown", $"the image has no process {_space}, or it lacks nothing"));
            return;
        }

        byte[]? buffer = null;
        PushedRun run = default;
        bool isKnown = true;
        try
        {
            for (long offset = 0; offset < payload.Length; offset += ImageLayout.PageSize)
            {
                buffer ??= await receiver.TakeBufferAsync(end).ConfigureAwait(false);
                ulong at = address + (ulong)offset;
                int place = (int)(at % ImageLayout.ExtentSpan / ImageLayout.PageSize);
                int extent = receiver.Find(_space, at, out ExtentEntry entry);
                if (run.Count > 0 && (run.Extent != extent || run.End != place))
                {
                    source.Push(run);
                    (run, buffer) = (default, null);
                    buffer = await receiver.TakeBufferAsync(end).ConfigureAwait(false);
                }

                if (extent < 0 || !Verify(entry, place, at, payload.Slice(offset, ImageLayout.PageSize), buffer.AsSpan(run.Count * ImageLayout.PageSize, ImageLayout.PageSize)))
                {
                    isKnown = false;
                    continue;
                }

                run = run.Count == 0 ? new PushedRun(extent, place, 1, buffer) : run with { Count = run.Count + 1 };
            }
        }
        finally
        {
            // What was right before what is wrong is taken.
            if (run.Count > 0)
            {
                source.Push(run);
            }
            else if (buffer is not null)
            {
                receiver.Recycle(buffer);
            }
        }

        if (!isKnown)
        {
            Send(Frames.Error(address, "unknown", "the image has no such page there"));
        }
    }

    // False when the image has no such page.
    private bool Verify(in ExtentEntry entry, int place, ulong address, in ReadOnlySequence<byte> pushed, Span<byte> page)
    {
        if (_header is null || _header.Entry != entry)
        {
            _header = receiver.ReadHeader(entry, reuse: null);
        }

        if (!_header.Presence[place])
        {
            return false;
        }

        pushed.CopyTo(page);
        return PageChecksum.Of(page) == _header.PageChecksumOf(_header.Presence.Rank(place)) ? true : throw new PushRefusedException(_name, address);
    }
}
