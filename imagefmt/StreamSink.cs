namespace LazyRestore.ImageFormat;

/// <summary>Writes to a stream, such as a pipe; the stream stays open.</summary>
internal sealed class StreamSink(Stream stream) : ImageSink
{
    /// <inheritdoc/>
    public override void Write(IReadOnlyList<ReadOnlyMemory<byte>> buffers)
    {
        try
        {
            foreach (ReadOnlyMemory<byte> buffer in buffers)
            {
                stream.Write(buffer.Span);
            }
        }
        catch (IOException e)
        {
            throw Failed(e);
        }
    }

    /// <inheritdoc/>
    public override void Commit()
    {
        try
        {
            stream.Flush();
        }
        catch (IOException e)
        {
            throw Failed(e);
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
    }

    private static LazyRestoreException Failed(IOException e) =>
        new(FailureReason.Failed, $"the image cannot be written to the stream: {e.Message}", "See why its reader stopped.", e);
}
