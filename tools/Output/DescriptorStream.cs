using System.Runtime.InteropServices;

namespace LazyRestore.Tools.Output;

/// <summary>
/// Writes to a descriptor as it is at that moment. Unlike a console's stream it keeps no duplicate, so that a descriptor can be
/// let go of, and needs no thread; unlike a file's it has no offset of its own, so that others may write there too.
/// </summary>
internal sealed class DescriptorStream(int descriptor) : Stream
{
    private const int EINTR = 4;
    private const int EAGAIN = 11;
    private const int EPIPE = 32;

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            for (int done = 0; done < buffer.Length;)
            {
                nint count = Interop.write(descriptor, start + done, (nuint)(buffer.Length - done));
                if (count >= 0)
                {
                    done += (int)count;
                    continue;
                }

                switch (Marshal.GetLastPInvokeError())
                {
                    case EINTR: break;
                    case EAGAIN: AwaitRoom(); break;

                    // The reader has seen enough, as head(1) does; whether the command succeeded does not depend on it.
                    case EPIPE: return;
                    case var errno:
                        throw new IOException(
                            $"write descriptor {descriptor}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})");
                }
            }
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    // Another holder of the same terminal or pipe may have made it non-blocking.
    private unsafe void AwaitRoom()
    {
        Interop.pollfd wanted = new() { fd = descriptor, events = Interop.POLLOUT };
        _ = Interop.poll(&wanted, 1, -1);
    }
}
