using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Pushing;

/// <summary>The bytes of an image file whose pages others push; everything else is read from the file.</summary>
/// <param name="file">The image file; owned.</param>
/// <param name="receiver">Takes the pages; owned.</param>
internal sealed class PushedImageBytes(CheckpointImage file, PushReceiver receiver) : IImageBytes
{
    /// <summary>The image file.</summary>
    internal CheckpointImage File => file;

    /// <summary>Takes the pages.</summary>
    internal PushReceiver Receiver => receiver;

    /// <inheritdoc/>
    public long Length => file.Bytes.Length;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination) => file.Bytes.Read(offset, destination);

    /// <inheritdoc/>
    public void Dispose()
    {
        receiver.Dispose();
        file.Dispose();
    }
}
