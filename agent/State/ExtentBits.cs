using System.Numerics;

namespace LazyRestore.Agent.State;

/// <summary>512 bits of an extent in a state file.</summary>
internal readonly unsafe struct ExtentBits(ulong* words)
{
    internal const int PageCount = 512;
    internal const int WordCount = PageCount / 64;

    private readonly ulong* _words = words;

    /// <summary>One of the eight words.</summary>
    internal ref ulong this[int word] => ref _words[word];

    /// <summary>Whether a bit is set.</summary>
    internal bool Contains(int page) => (_words[page >> 6] >> (page & 63) & 1) != 0;

    /// <summary>How many bits are set.</summary>
    internal int Count()
    {
        int count = 0;
        for (int word = 0; word < WordCount; word++)
        {
            count += BitOperations.PopCount(_words[word]);
        }

        return count;
    }

    /// <summary>Sets bits.</summary>
    /// <returns>How many of them were not set before.</returns>
    internal int Add(int first, int end)
    {
        int added = 0;
        for (int word = first >> 6; word <= (end - 1) >> 6; word++)
        {
            ulong mask = Mask(word, first, end) & ~_words[word];
            added += BitOperations.PopCount(mask);
            _words[word] |= mask;
        }

        return added;
    }

    /// <summary>The first bit at or after <paramref name="page"/> that is clear; 512 when there is none.</summary>
    internal int NextClear(int page) => Next(page, ulong.MaxValue);

    /// <summary>The first bit at or after <paramref name="page"/> that is set; 512 when there is none.</summary>
    internal int NextSet(int page) => Next(page, 0);

    /// <summary>The bits of a word that belong to pages from <paramref name="first"/> to <paramref name="end"/> - 1.</summary>
    internal static ulong Mask(int word, int first, int end)
    {
        int low = Math.Max(first - (word << 6), 0);
        int high = Math.Min(end - (word << 6), 64);
        return low >= high ? 0 : (ulong.MaxValue << low) & (ulong.MaxValue >> (64 - high));
    }

    private int Next(int page, ulong flip)
    {
        while (page < PageCount)
        {
            ulong word = (_words[page >> 6] ^ flip) & (ulong.MaxValue << (page & 63));
            if (word != 0)
            {
                return (page & ~63) + BitOperations.TrailingZeroCount(word);
            }

            page = (page & ~63) + 64;
        }

        return PageCount;
    }
}
