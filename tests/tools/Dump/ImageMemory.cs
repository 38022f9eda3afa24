using LazyRestore.ImageFormat;

namespace LazyRestore.Tools.Tests.Dump;

/// <summary>Reads single pages out of an image.</summary>
internal static class ImageMemory
{
    /// <summary>The page at an address; null when it is not stored.</summary>
    internal static byte[]? Page(CheckpointImage image, int space, ulong address)
    {
        if (image.Index.Find(space, address) is not { } entry)
        {
            return null;
        }

        ExtentHeader header = image.ReadHeader(entry);
        int page = (int)((address - entry.Address.Address) / ImageLayout.PageSize);
        if (!header.Presence[page])
        {
            return null;
        }

        byte[] bytes = new byte[ImageLayout.PageSize];
        image.ReadPage(entry, header, header.Presence.Rank(page), bytes);
        return bytes;
    }
}
