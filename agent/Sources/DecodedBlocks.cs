using System.Runtime.InteropServices;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Sources;

/// <summary>The blocks that were decoded last, in native memory of a fixed size: neighbours of a page are often wanted next.</summary>
internal sealed unsafe class DecodedBlocks : IDisposable
{
    // Hydration and a few streams of faults, each with the block it is in and the one before.
    private const int Capacity = 32;

    private readonly long[] _keys = new long[Capacity];
    private readonly long[] _lastUses = new long[Capacity];
    private byte* _memory;
    private long _uses;

    /// <summary>Gets the memory of a block.</summary>
    /// <param name="extent">The extent.</param>
    /// <param name="block">The block in it.</param>
    /// <param name="isDecoded">Whether its pages are there; otherwise they have to be decoded into it, and <see cref="Forget"/> called if that fails.</param>
    internal byte* Get(int extent, int block, out bool isDecoded)
    {
        if (_memory == null)
        {
            _memory = (byte*)NativeMemory.AlignedAlloc(Capacity * ImageLayout.BlockSpan, ImageLayout.PageSize);
        }

        long key = KeyOf(extent, block);
        int place = Array.IndexOf(_keys, key);
        isDecoded = place >= 0;
        if (!isDecoded)
        {
            place = _lastUses.AsSpan().IndexOf(Oldest());
            _keys[place] = key;
        }

        _lastUses[place] = ++_uses;
        return _memory + ((long)place * ImageLayout.BlockSpan);
    }

    /// <summary>Takes a block out that could not be decoded.</summary>
    internal void Forget(int extent, int block)
    {
        int place = Array.IndexOf(_keys, KeyOf(extent, block));
        if (place >= 0)
        {
            _keys[place] = 0;
            _lastUses[place] = 0;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }

    // Not 0, which marks an empty place.
    private static long KeyOf(int extent, int block) => (((long)extent << 16) | (uint)block) + 1;

    private long Oldest()
    {
        long oldest = long.MaxValue;
        foreach (long use in _lastUses)
        {
            oldest = Math.Min(oldest, use);
        }

        return oldest;
    }
}
