using System.Globalization;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Inspect;

/// <summary><c>inspect IMAGE page ADDRESS</c>: one page of memory.</summary>
internal static class PageSection
{
    /// <summary>Shows the page of a process that holds <paramref name="address"/>.</summary>
    public static Document Of(CheckpointImage image, Checkpoint process, ulong address)
    {
        StoredPages pages = new(image, process);
        ulong start = address & ~(ulong)(ImageLayout.PageSize - 1);
        VmaRecord vma = pages.MappingOf(address) ?? throw new LazyRestoreException(
            FailureReason.Failed,
            string.Create(CultureInfo.InvariantCulture, $"the process had no memory at 0x{address:x}"),
            "See the section maps for the addresses that it had.");
        StoredPage? stored = pages.Find(vma, start);
        return new Document
        {
            Fields =
            [
                new("address", "page", Value.Address(start)),
                new("protection", "protection", Value.Text(MappingDescription.Protection(vma))),
                new("kind", "mapping", Value.Text(MappingDescription.Kind(vma.Kind))),
                new("backing", "backing", Value.Text(new MappingDescription(process).Backing(vma))),
                new("content", "content", Value.Text(Content(vma, stored))),
                .. stored is null ? [] : Stored(start, stored),
            ],
        };
    }

    private static Field[] Stored(ulong start, StoredPage page) =>
    [
        new("codec", "codec", Value.Text(PagesSection.NameOf(page.Extent.Codec))),
        new("extent_offset", "extent at", Value.Count(page.Extent.RecordOffset)),
        new("checksum", "checksum", Value.Address(page.Checksum)),
        new("data", "data", Value.Data(page.Content, start)),
    ];

    // What is not stored is what a fresh mapping shows.
    private static string Content(VmaRecord vma, StoredPage? stored) => (stored, vma.Kind) switch
    {
        (not null, _) => "stored",
        (null, VmaKind.PrivateFile or VmaKind.SharedFile) => "file",
        (null, VmaKind.Vdso or VmaKind.Vvar) => "kernel",
        _ => "zero",
    };
}
