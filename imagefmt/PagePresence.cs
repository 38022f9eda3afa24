using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace LazyRestore.ImageFormat;

/// <summary>Which of an extent's 512 pages are stored: a bit per page, a plain value without allocations.</summary>
public struct PagePresence : IEquatable<PagePresence>
{
    /// <summary>Bytes it takes in an image.</summary>
    public const int ByteCount = ImageLayout.PagesPerExtent / 8;

    private const int WordCount = ImageLayout.PagesPerExtent / 64;

    private Words _words;

    /// <summary>All 512 pages.</summary>
    public static PagePresence All
    {
        get
        {
            PagePresence all = default;
            ((Span<ulong>)all._words).Fill(ulong.MaxValue);
            return all;
        }
    }

    /// <summary>How many pages are present.</summary>
    public readonly int Count => Rank(ImageLayout.PagesPerExtent);

    /// <summary>Whether a page, 0 to 511, is present.</summary>
    public readonly bool this[int page]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)page, (uint)ImageLayout.PagesPerExtent, nameof(page));
            return (_words[page >> 6] >> (page & 63) & 1) != 0;
        }
    }

    /// <summary>Reads the 64 bytes of an image: page N is bit N % 8 of byte N / 8.</summary>
    public static PagePresence FromBytes(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, ByteCount, nameof(bytes));
        PagePresence presence = default;
        for (int word = 0; word < WordCount; word++)
        {
            presence._words[word] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(word * 8)..]);
        }

        return presence;
    }

    /// <summary>Writes the 64 bytes that stand in an image.</summary>
    public readonly void CopyTo(Span<byte> bytes)
    {
        for (int word = 0; word < WordCount; word++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[(word * 8)..], _words[word]);
        }
    }

    /// <summary>Marks a page as present.</summary>
    public void Set(int page)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)page, (uint)ImageLayout.PagesPerExtent, nameof(page));
        _words[page >> 6] |= 1UL << (page & 63);
    }

    /// <summary>Marks a run of pages as present.</summary>
    public void Set(PageRun run)
    {
        int end = run.Start + run.Count;
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)end, (uint)ImageLayout.PagesPerExtent, nameof(run));
        for (int page = run.Start; page < end; page = (page | 63) + 1)
        {
            int last = Math.Min(end - 1, page | 63);
            _words[page >> 6] |= (ulong.MaxValue << (page & 63)) & (ulong.MaxValue >> (63 - (last & 63)));
        }
    }

    /// <summary>
    /// How many present pages precede a page (0 to 512): the page's ordinal in the payload when it is present itself.
    /// </summary>
    public readonly int Rank(int page)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)page, (uint)ImageLayout.PagesPerExtent, nameof(page));
        int count = 0;
        for (int word = 0; word < page >> 6; word++)
        {
            count += BitOperations.PopCount(_words[word]);
        }

        return (page & 63) == 0 ? count : count + BitOperations.PopCount(_words[page >> 6] & ((1UL << (page & 63)) - 1));
    }

    /// <summary>Whether every page that is present here is present in <paramref name="other"/> too.</summary>
    public readonly bool IsSubsetOf(PagePresence other)
    {
        for (int word = 0; word < WordCount; word++)
        {
            if ((_words[word] & ~other._words[word]) != 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The present pages as runs, ascending.</summary>
    public readonly RunEnumerator Runs() => new(this);

    /// <inheritdoc/>
    public readonly bool Equals(PagePresence other) =>
        ((ReadOnlySpan<ulong>)_words).SequenceEqual((ReadOnlySpan<ulong>)other._words);

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is PagePresence other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode()
    {
        HashCode hash = default;
        foreach (ulong word in (ReadOnlySpan<ulong>)_words)
        {
            hash.Add(word);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override readonly string ToString() => $"{Count} of {ImageLayout.PagesPerExtent} pages";

    /// <summary>Compares two values.</summary>
    public static bool operator ==(PagePresence left, PagePresence right) => left.Equals(right);

    /// <summary>Compares two values.</summary>
    public static bool operator !=(PagePresence left, PagePresence right) => !left.Equals(right);

    /// <summary>The first page at or after <paramref name="page"/> that is present, or absent; 512 when there is none.</summary>
    private readonly int Next(int page, bool present)
    {
        while (page < ImageLayout.PagesPerExtent)
        {
            ulong word = present ? _words[page >> 6] : ~_words[page >> 6];
            word &= ulong.MaxValue << (page & 63);
            if (word != 0)
            {
                return (page & ~63) + BitOperations.TrailingZeroCount(word);
            }

            page = (page & ~63) + 64;
        }

        return ImageLayout.PagesPerExtent;
    }

    /// <summary>Walks the runs of present pages; works in <c>foreach</c>.</summary>
    public struct RunEnumerator
    {
        private readonly PagePresence _presence;

        internal RunEnumerator(PagePresence presence) => _presence = presence;

        /// <summary>The run that <see cref="MoveNext"/> found.</summary>
        public PageRun Current { get; private set; }

        /// <summary>Returns itself.</summary>
        public readonly RunEnumerator GetEnumerator() => this;

        /// <summary>Goes to the next run.</summary>
        public bool MoveNext()
        {
            int start = _presence.Next(Current.Start + Current.Count, present: true);
            Current = new PageRun(start, _presence.Next(start, present: false) - start);
            return Current.Count > 0;
        }
    }

    [InlineArray(WordCount)]
    private struct Words
    {
        private ulong _first;
    }
}
