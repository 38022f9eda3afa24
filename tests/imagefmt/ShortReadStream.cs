namespace LazyRestore.ImageFormat.Tests;

/// <summary>Gives a few bytes at a time, as a pipe or a socket may.</summary>
internal sealed class ShortReadStream(byte[] bytes, int most, int seed) : MemoryStream(bytes, writable: false)
{
    private readonly Random _random = new(seed);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        new(Read(buffer.Span[..Math.Min(buffer.Length, _random.Next(1, most + 1))]));
}
