using System.Runtime.InteropServices;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Sources;

/// <summary>A place for an extent's header, with its presence bits as words. It is used again for others, so reading them allocates nothing.</summary>
internal sealed class CachedHeader
{
    private const int Nothing = -1;
    private readonly ulong[] _presence = new ulong[PagePresence.ByteCount / sizeof(ulong)];
    private ExtentHeader? _header;

    internal int Extent { get; private set; } = Nothing;

    internal ExtentHeader Header => _header!;

    internal ReadOnlySpan<ulong> Presence => _presence;

    /// <summary>Reads a header into the place; on failure the place holds none.</summary>
    internal void Read(CheckpointImage image, in ExtentEntry entry, int extent)
    {
        Extent = Nothing;
        _header = image.ReadHeader(entry, _header);
        _header.Presence.CopyTo(MemoryMarshal.AsBytes(_presence.AsSpan()));
        Extent = extent;
    }
}
