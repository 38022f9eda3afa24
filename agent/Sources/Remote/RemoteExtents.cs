using System.Runtime.InteropServices;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>The heads of the extents of a process that have come. Fetching tasks add them, the agent thread reads them.</summary>
internal sealed class RemoteExtents(CheckpointImage image, int first, int count)
{
    private readonly ExtentHeader?[] _headers = new ExtentHeader?[count];
    private readonly ulong[]?[] _presence = new ulong[]?[count];

    /// <summary>Counts what comes.</summary>
    internal SourceMeter Meter { get; } = new();

    /// <summary>The head of an extent; null when it is not here.</summary>
    internal ExtentHeader? Header(int extent) => Volatile.Read(ref _headers[extent]);

    /// <summary>Which pages are stored of an extent whose head is here.</summary>
    internal ReadOnlySpan<ulong> Presence(int extent) => _presence[extent];

    /// <summary>An extent's place in the image's index, by which a page server knows it.</summary>
    internal int PlaceOf(int extent) => first + extent;

    /// <summary>What the index says of an extent.</summary>
    internal ExtentEntry Entry(int extent) => image.Index.Entries[PlaceOf(extent)];

    /// <summary>Takes the bytes before an extent's payload.</summary>
    /// <exception cref="ImageDamagedException">They are not those that the index describes.</exception>
    internal ExtentHeader Add(int extent, ReadOnlySpan<byte> head)
    {
        ExtentHeader header = image.ParseHeader(Entry(extent), head);
        ulong[] presence = new ulong[PagePresence.ByteCount / sizeof(ulong)];
        header.Presence.CopyTo(MemoryMarshal.AsBytes(presence.AsSpan()));
        _presence[extent] = presence;
        Volatile.Write(ref _headers[extent], header);
        return header;
    }
}
