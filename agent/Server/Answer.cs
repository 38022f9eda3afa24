using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Server;

/// <summary>What a request is answered with: bytes that were made, then ranges of the image. They are read when they are sent.</summary>
/// <param name="id">The request.</param>
/// <param name="isBulk">Whether it waits for credit, and for all that does not.</param>
/// <param name="made">What comes first.</param>
/// <param name="image">Where the ranges are read from; null when there are none.</param>
/// <param name="ranges">What follows.</param>
internal sealed class Answer(ulong id, bool isBulk, byte[] made, IImageBytes? image = null, params (long Offset, long Length)[] ranges)
{
    private int _range;
    private long _done;
    private int _madeDone;

    /// <summary>The request.</summary>
    internal ulong Id { get; } = id;

    /// <summary>Whether it waits for credit.</summary>
    internal bool IsBulk { get; } = isBulk;

    /// <summary>How many bytes are still to be sent.</summary>
    internal long Remaining { get; private set; } = made.Length + ranges.Sum(static range => range.Length);

    /// <summary>Reads the next bytes; fills the destination, which is not longer than what remains.</summary>
    internal void Fill(Span<byte> destination)
    {
        Remaining -= destination.Length;
        int first = Math.Min(made.Length - _madeDone, destination.Length);
        made.AsSpan(_madeDone, first).CopyTo(destination);
        _madeDone += first;
        destination = destination[first..];
        while (!destination.IsEmpty)
        {
            (long offset, long length) = ranges[_range];
            int count = (int)Math.Min(length - _done, destination.Length);
            image!.Read(offset + _done, destination[..count]);
            destination = destination[count..];
            _done += count;
            if (_done == length)
            {
                _range++;
                _done = 0;
            }
        }
    }
}
