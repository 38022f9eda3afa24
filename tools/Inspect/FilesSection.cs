using System.Globalization;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Inspect;

/// <summary><c>inspect IMAGE files</c>: what each descriptor refers to.</summary>
internal static class FilesSection
{
    private static readonly Column[] s_columns =
    [
        new("descriptor", "FD", Right: true),
        new("file", "FILE", Right: true),
        new("kind", "KIND"),
        new("access", "ACCESS"),
        new("status_flags", null),
        new("close_on_exec", "CLOEXEC"),
        new("offset", "OFFSET", Right: true),
        new("detail", "DETAIL"),
    ];

    /// <summary>Lays out the descriptors by number; those with the same file number share an open file description.</summary>
    public static Document Of(Checkpoint checkpoint)
    {
        Dictionary<int, OpenFileRecord> files = checkpoint.Files.ToDictionary(file => file.Id);
        FileDescription description = new(checkpoint);
        return new Document
        {
            Tables =
            [
                new Table
                {
                    Name = "files",
                    Columns = s_columns,
                    Rows = [.. checkpoint.Descriptors.Select(descriptor => Row(descriptor, files[descriptor.FileId], description))],
                },
            ],
        };
    }

    private static Value[] Row(DescriptorRecord descriptor, OpenFileRecord file, FileDescription description) =>
    [
        Value.Count(descriptor.Number),
        Value.Count(file.Id),
        Value.Text(FileDescription.Kind(file)),
        Value.Text(Access(file.StatusFlags)),
        Value.Text(string.Create(CultureInfo.InvariantCulture, $"0{Convert.ToString(file.StatusFlags, 8)}")),
        Value.Flag(descriptor.CloseOnExec),
        file switch
        {
            PathFileRecord path => Value.Count(path.Offset),
            ObjectFileRecord stored => Value.Count(stored.Offset),
            _ => Value.None,
        },
        Value.Text(description.Detail(file)),
    ];

    // O_ACCMODE of open(2).
    private static string Access(int statusFlags) => (statusFlags & 3) switch
    {
        0 => "read",
        1 => "write",
        _ => "read-write",
    };
}
