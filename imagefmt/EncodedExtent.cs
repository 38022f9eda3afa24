using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat;

/// <summary>
/// An extent ready to be written. It belongs to the <see cref="ExtentEncoder"/> that made it, is valid until that one encodes
/// the next, and for codec none its payload is the caller's own memory.
/// </summary>
public sealed class EncodedExtent
{
    internal EncodedExtent()
    {
    }

    /// <summary>Space and address of the first page.</summary>
    public ExtentAddress Address { get; internal set; }

    /// <summary>How the pages are stored.</summary>
    public ExtentCodec Codec { get; internal set; }

    /// <summary>The pages it holds.</summary>
    public PagePresence Presence { get; internal set; }

    /// <summary>How many they are.</summary>
    public int PresentPages { get; internal set; }

    /// <summary>The record up to the end of the key <c>pad</c>.</summary>
    public ReadOnlyMemory<byte> Header { get; internal set; }

    /// <summary>The checksum of <see cref="Header"/>.</summary>
    public ulong HeaderChecksum { get; internal set; }

    /// <summary>The pages as they will stand in the image.</summary>
    public ReadOnlyMemory<byte> Payload { get; internal set; }
}
