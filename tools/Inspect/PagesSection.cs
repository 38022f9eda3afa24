using LazyRestore.ImageFormat;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Inspect;

/// <summary><c>inspect IMAGE pages</c>: the extents that hold the memory.</summary>
internal static class PagesSection
{
    private static readonly Column[] s_columns =
    [
        new("process", "PROCESS", Right: true),
        new("object", "OBJECT", Right: true),
        new("address", "ADDRESS", Right: true),
        new("pages", "PAGES", Right: true),
        new("codec", "CODEC"),
        new("payload_bytes", "STORED AS", Right: true),
        new("payload_offset", "AT", Right: true),
        new("record_offset", null),
    ];

    /// <summary>Lays out the extents: those of address spaces and of memory objects, whose addresses are offsets.</summary>
    public static Document Of(CheckpointImage image) => Of(image, image.Checkpoint.Processes.ToDictionary(one => one.Process.Space, one => one.Process.Pid));

    private static Document Of(CheckpointImage image, Dictionary<int, int> processes) => new()
    {
        Fields =
        [
            new("stored_pages", "pages", Value.Count(image.Index.TotalPages)),
            new("memory_bytes", "memory", Value.Bytes(image.Index.TotalPages * ImageLayout.PageSize)),
            new("payload_bytes", "stored as", Value.Bytes(image.Index.PayloadBytes)),
            new("extent_count", "extents", Value.Count(image.Index.Entries.Count)),
        ],
        Tables = [new Table { Name = "extents", Columns = s_columns, Rows = [.. image.Index.Entries.Select(entry => Row(entry, processes))] }],
    };

    /// <summary>The name of a codec, as <c>--compress</c> takes it.</summary>
    public static string NameOf(ExtentCodec codec) => codec switch
    {
        ExtentCodec.Lz4 => "lz4",
        ExtentCodec.Zstd => "zstd",
        _ => "none",
    };

    private static Value[] Row(ExtentEntry entry, Dictionary<int, int> processes) =>
    [
        processes.TryGetValue(entry.Address.Space, out int pid) ? Value.Count(pid) : Value.None,
        processes.ContainsKey(entry.Address.Space) ? Value.None : Value.Count(entry.Address.Space),
        Value.Address(entry.Address.Address),
        Value.Count(entry.PresentPages),
        Value.Text(NameOf(entry.Codec)),
        Value.Bytes(entry.PayloadLength),
        Value.Count(entry.PayloadOffset),
        Value.Count(entry.RecordOffset),
    ];
}
