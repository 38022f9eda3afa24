using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Protocol;

/// <summary>
/// Cuts what arrives into frames. No frame takes more memory than the protocol allows, whatever length it claims.
/// </summary>
internal sealed class FrameReader(PipeReader input)
{
    private readonly byte[] _frame = new byte[PageProtocol.LongestFrame];
    private SequencePosition _end;
    private int _length;
    private long _lastArrival = Environment.TickCount64;

    /// <summary>When bytes came last, by <see cref="Environment.TickCount64"/>; may be read from any thread.</summary>
    internal long LastArrival => Volatile.Read(ref _lastArrival);

    /// <summary>A data frame's payload; valid until the next read.</summary>
    internal ReadOnlySequence<byte> Payload { get; private set; }

    /// <summary>The request that a data frame answers.</summary>
    internal ulong Id { get; private set; }

    /// <summary>Whether a data frame ends its answer.</summary>
    internal bool IsLast { get; private set; }

    /// <summary>The frame, without the payload of a data frame.</summary>
    internal ReadOnlyMemory<byte> Frame => _frame.AsMemory(0, _length);

    /// <summary>Waits for the next frame; false when the peer has ended the connection between two frames.</summary>
    internal async ValueTask<bool> ReadAsync(CancellationToken cancellation)
    {
        if (_length > 0)
        {
            input.AdvanceTo(_end);
            _length = 0;
        }

        while (true)
        {
            ReadResult result = await input.ReadAsync(cancellation).ConfigureAwait(false);
            Volatile.Write(ref _lastArrival, Environment.TickCount64);
            if (TryTake(result.Buffer))
            {
                return true;
            }

            if (result.IsCompleted)
            {
                return result.Buffer.IsEmpty ? false : throw new EndOfStreamException("the connection ended in the middle of a frame");
            }

            input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    private bool TryTake(in ReadOnlySequence<byte> buffer)
    {
        int available = (int)Math.Min(buffer.Length, _frame.Length);
        buffer.Slice(0, Math.Min(available, DataFrame.HeadLength)).CopyTo(_frame);
        if (DataFrame.IsHead(_frame.AsSpan(0, Math.Min(available, DataFrame.HeadLength))))
        {
            return TryTakeData(buffer, available);
        }

        buffer.Slice(0, available).CopyTo(_frame);
        switch (MessageFrame.Measure(_frame.AsSpan(0, available), out long length))
        {
            case MessageFrame.Outcome.Invalid:
                throw new PageProtocolException("this is not MessagePack");
            case var _ when length > _frame.Length:
                throw new PageProtocolException($"a frame has {length} bytes or more");
            case MessageFrame.Outcome.Incomplete:
                return false;
        }

        _length = (int)length;
        _end = buffer.GetPosition(length);
        return true;
    }

    private bool TryTakeData(in ReadOnlySequence<byte> buffer, int available)
    {
        if (available < DataFrame.HeadLength)
        {
            return false;
        }

        ReadOnlySpan<byte> head = _frame.AsSpan(0, DataFrame.HeadLength);
        (Id, IsLast, uint length) = DataFrame.Read(head);
        if (length > PageProtocol.LongestPayload)
        {
            throw new PageProtocolException($"a payload has {length} bytes");
        }

        if (buffer.Length < DataFrame.HeadLength + length)
        {
            return false;
        }

        Payload = buffer.Slice(DataFrame.HeadLength, length);
        _length = DataFrame.HeadLength;
        _end = Payload.End;
        return true;
    }
}
