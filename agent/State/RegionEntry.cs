using System.Runtime.InteropServices;

namespace LazyRestore.Agent.State;

/// <summary>A range of the process and the image addresses that its pages come from; it lies in the state file as it is.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RegionEntry
{
    internal const ulong WipeOnFork = 1;
    internal const ulong Movable = 2;

    /// <summary>Creates an entry.</summary>
    public RegionEntry(ulong start, ulong end, ulong image, ulong flags)
    {
        Start = start;
        End = end;
        Image = image;
        Flags = flags;
    }

    /// <summary>First address in the process.</summary>
    public ulong Start { get; }

    /// <summary>First address after it.</summary>
    public ulong End { get; }

    /// <summary>The image address of the page at <see cref="Start"/>.</summary>
    public ulong Image { get; }

    /// <summary><see cref="WipeOnFork"/> and <see cref="Movable"/>, or 0.</summary>
    public ulong Flags { get; }

    /// <summary>Bytes.</summary>
    public ulong Length => End - Start;

    /// <summary>First image address after it.</summary>
    public ulong ImageEnd => Image + Length;

    /// <summary>The part of the entry inside a range; empty (Start not below End) when they do not meet.</summary>
    public RegionEntry Within(ulong start, ulong end)
    {
        ulong from = Math.Max(start, Start);
        ulong to = Math.Min(end, End);
        return from < to ? new RegionEntry(from, to, Image + (from - Start), Flags) : new RegionEntry(from, from, Image, Flags);
    }
}
