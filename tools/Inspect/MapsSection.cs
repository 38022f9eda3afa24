using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Inspect;

/// <summary><c>inspect IMAGE maps</c>: the address space, and how much of each mapping is stored.</summary>
internal static class MapsSection
{
    private static readonly Column[] s_columns =
    [
        new("start", "START", Right: true),
        new("end", "END", Right: true),
        new("protection", "PROT"),
        new("kind", "KIND"),
        new("bytes", "SIZE", Right: true),
        new("stored_pages", "STORED", Right: true),
        new("offset", "OFFSET", Right: true),
        new("flags", "FLAGS"),
        new("backing", "BACKING"),
    ];

    /// <summary>Lays out the mappings of a process by address.</summary>
    public static Document Of(CheckpointImage image, Checkpoint process)
    {
        StoredPages stored = new(image, process);
        MappingDescription description = new(process);
        return new Document
        {
            Tables =
            [
                new Table
                {
                    Name = "maps",
                    Columns = s_columns,
                    Rows = [.. process.Vmas.Select(vma => Row(vma, stored, description))],
                },
            ],
        };
    }

    private static Value[] Row(VmaRecord vma, StoredPages stored, MappingDescription description) =>
    [
        Value.Address(vma.Start),
        Value.Address(vma.End),
        Value.Text(MappingDescription.Protection(vma)),
        Value.Text(MappingDescription.Kind(vma.Kind)),
        Value.Bytes((long)vma.Length),
        Value.Count(stored.CountIn(vma)),
        Value.Address(vma.Offset),
        Value.List(MappingDescription.Flags(vma.Flags).Select(Value.Text)),
        Value.Text(description.Backing(vma)),
    ];
}
