namespace LazyRestore.Agent.State;

/// <summary>
/// Operations on a region table: entries ascending by address, none overlapping. A change is written to another buffer, so
/// that the table it was made from stays valid until the new one is made visible.
/// </summary>
internal static class RegionTable
{
    /// <summary>The index of the first entry that ends after an address: the one that holds it, if any does.</summary>
    internal static int FirstEndingAfter(ReadOnlySpan<RegionEntry> table, ulong address)
    {
        int low = 0;
        int high = table.Length;
        while (low < high)
        {
            int middle = (int)((uint)(low + high) >> 1);
            if (table[middle].End > address)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    /// <summary>The index of the entry that holds an address; -1 when none does.</summary>
    internal static int Find(ReadOnlySpan<RegionEntry> table, ulong address)
    {
        int index = FirstEndingAfter(table, address);
        return index < table.Length && table[index].Start <= address ? index : -1;
    }

    /// <summary>Writes the table without a range.</summary>
    /// <returns>The number of entries written, or -1 when they do not fit.</returns>
    internal static int Remove(ReadOnlySpan<RegionEntry> table, ulong start, ulong end, Span<RegionEntry> result)
    {
        RegionWriter writer = new(result);
        foreach (RegionEntry entry in table)
        {
            writer.Add(entry.Within(0, start));
            writer.Add(entry.Within(end, ulong.MaxValue));
        }

        return writer.Count;
    }

    /// <summary>Writes the table after what lay at <paramref name="from"/> has moved to <paramref name="to"/>, replacing what was there.</summary>
    /// <returns>The number of entries written, or -1 when they do not fit.</returns>
    internal static int Move(ReadOnlySpan<RegionEntry> table, ulong from, ulong to, ulong length, Span<RegionEntry> result)
    {
        RegionWriter writer = new(result);
        AddRemaining(ref writer, table, from, to, length, 0, to);
        for (int index = FirstEndingAfter(table, from); index < table.Length && table[index].Start < from + length; index++)
        {
            RegionEntry moved = table[index].Within(from, from + length);
            writer.Add(new RegionEntry(moved.Start - from + to, moved.End - from + to, moved.Image, moved.Flags));
        }

        AddRemaining(ref writer, table, from, to, length, to, ulong.MaxValue);
        return writer.Count;
    }

    // What neither moves away nor is replaced, inside a window.
    private static void AddRemaining(
        ref RegionWriter writer, ReadOnlySpan<RegionEntry> table, ulong from, ulong to, ulong length, ulong windowStart, ulong windowEnd)
    {
        ulong firstHole = Math.Min(from, to);
        ulong secondHole = Math.Max(from, to);
        foreach (RegionEntry entry in table)
        {
            RegionEntry visible = entry.Within(windowStart, windowEnd);
            writer.Add(visible.Within(0, firstHole));
            writer.Add(visible.Within(firstHole + length, secondHole));
            writer.Add(visible.Within(secondHole + length, ulong.MaxValue));
        }
    }
}
