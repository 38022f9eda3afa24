namespace LazyRestore.ImageFormat.Tests;

/// <summary>An image in memory that counts what is read of it.</summary>
internal sealed class MemoryImageBytes(byte[] bytes) : IImageBytes
{
    public long Length => bytes.Length;

    public long BytesRead { get; private set; }

    public void Read(long offset, Span<byte> destination)
    {
        if (offset + destination.Length > bytes.Length)
        {
            throw new EndOfStreamException();
        }

        BytesRead += destination.Length;
        bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
    }

    public void Dispose()
    {
    }
}
