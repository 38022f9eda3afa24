namespace LazyRestore.Agent.State;

/// <summary>Appends entries to a region table; neighbours in both address spaces become one, so that tables do not grow by splitting.</summary>
internal ref struct RegionWriter(Span<RegionEntry> result)
{
    private readonly Span<RegionEntry> _result = result;

    /// <summary>How many entries were written; -1 once they did not fit.</summary>
    public int Count { get; private set; }

    /// <summary>Appends an entry unless it is empty.</summary>
    public void Add(RegionEntry entry)
    {
        if (entry.Start >= entry.End || Count < 0)
        {
            return;
        }

        if (Count > 0)
        {
            RegionEntry last = _result[Count - 1];
            if (last.End == entry.Start && last.ImageEnd == entry.Image && last.Flags == entry.Flags)
            {
                _result[Count - 1] = new RegionEntry(last.Start, entry.End, last.Image, last.Flags);
                return;
            }
        }

        if (Count == _result.Length)
        {
            Count = -1;
            return;
        }

        _result[Count++] = entry;
    }
}
