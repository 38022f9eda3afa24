using System.Runtime.CompilerServices;

namespace LazyRestore.Agent.Serving;

/// <summary>
/// How many pages a demand fault should bring. Each of a few streams remembers where the next fault of a sequential walk would be; one that
/// comes there doubles the stream's window, any other begins a new stream with the least window.
/// </summary>
/// <param name="limitPages">The largest window.</param>
/// <param name="leastPages">The smallest: 1 where random access is not to pay for neighbours.</param>
internal sealed class FillAround(int limitPages, int leastPages = 1)
{
    private const int StreamCount = 8;
    private const ulong PageSize = 4096;

    // Hydration may have filled pages ahead of a stream, so its next fault can be a little further on.
    private const ulong SlackPages = 64;

    private Streams _streams;
    private int _oldest;
    private int _current;

    /// <summary>The window for a fault.</summary>
    /// <param name="address">The faulting page's address.</param>
    /// <returns>Pages, from the faulting one upwards, 1 to the limit.</returns>
    internal int Window(ulong address)
    {
        for (int index = 0; index < StreamCount; index++)
        {
            ref Stream stream = ref _streams[index];
            if (stream.Window > 0 && address - stream.Next <= SlackPages * PageSize)
            {
                stream.Window = Math.Min(stream.Window * 2, limitPages);
                _current = index;
                return stream.Window;
            }
        }

        _current = _oldest;
        _oldest = (_oldest + 1) % StreamCount;
        _streams[_current].Window = leastPages;
        return leastPages;
    }

    /// <summary>Tells where the pages end that were placed for the last window.</summary>
    internal void Placed(ulong end) => _streams[_current].Next = end;

    private struct Stream
    {
        public ulong Next;
        public int Window;
    }

    [InlineArray(StreamCount)]
    private struct Streams
    {
        private Stream _first;
    }
}
