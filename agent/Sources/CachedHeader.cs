using System.Runtime.InteropServices;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Sources;

/// <summary>An extent's header, with its presence bits as words.</summary>
internal sealed class CachedHeader
{
    private readonly ulong[] _presence = new ulong[PagePresence.ByteCount / sizeof(ulong)];

    internal CachedHeader(int extent, ExtentHeader header)
    {
        Extent = extent;
        Header = header;
        header.Presence.CopyTo(MemoryMarshal.AsBytes(_presence.AsSpan()));
    }

    internal int Extent { get; }

    internal ExtentHeader Header { get; }

    internal ReadOnlySpan<ulong> Presence => _presence;
}
