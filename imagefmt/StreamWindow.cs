using System.Buffers;
using System.IO.Pipelines;

namespace LazyRestore.ImageFormat;

/// <summary>
/// The part of a stream that is being read, in one piece. Its buffer grows with the bytes that arrived, never with the length
/// that a damaged image claims.
/// </summary>
internal sealed class StreamWindow(PipeReader reader)
{
    private byte[] _buffer = new byte[64 << 10];
    private int _start;
    private int _end;

    /// <summary>Where the window begins in the stream.</summary>
    public long Offset { get; private set; }

    /// <summary>What has arrived and was not consumed.</summary>
    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(_start, _end - _start);

    /// <summary>Waits until a number of bytes are there; false when the stream ends before.</summary>
    public async ValueTask<bool> EnsureAsync(int count, CancellationToken cancellationToken)
    {
        while (_end - _start < count)
        {
            MakeRoom();
            ReadResult result = await ReadAsync(cancellationToken).ConfigureAwait(false);
            ReadOnlySequence<byte> taken = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, _buffer.Length - _end));
            taken.CopyTo(_buffer.AsSpan(_end));
            _end += (int)taken.Length;
            reader.AdvanceTo(taken.End);
            if (taken.IsEmpty && result.IsCompleted)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Goes on in the stream.</summary>
    public void Consume(int count)
    {
        _start += count;
        Offset += count;
    }

    private void MakeRoom()
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }

        if (_end < _buffer.Length)
        {
            return;
        }

        byte[] target = _start > _buffer.Length / 2 ? _buffer : new byte[_buffer.Length * 2];
        Bytes.CopyTo(target);
        (_buffer, _start, _end) = (target, 0, _end - _start);
    }

    private async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            ReadResult result = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            return result.IsCanceled ? throw new OperationCanceledException() : result;
        }
        catch (IOException e)
        {
            throw new LazyRestoreException(
                FailureReason.Failed, $"the image cannot be read after {Offset} bytes: {e.Message}", "See why its sender stopped.", e);
        }
    }
}
