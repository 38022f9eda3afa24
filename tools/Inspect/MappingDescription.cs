using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Tools.Inspect;

/// <summary>Mappings in words.</summary>
internal sealed class MappingDescription(Checkpoint checkpoint)
{
    private static readonly (VmaFlags Flag, string Name)[] s_flags =
    [
        (VmaFlags.GrowsDown, "grows_down"),
        (VmaFlags.Locked, "locked"),
        (VmaFlags.LockOnFault, "lock_on_fault"),
        (VmaFlags.DontFork, "dont_fork"),
        (VmaFlags.DontDump, "dont_dump"),
        (VmaFlags.HugePage, "huge_page"),
        (VmaFlags.NoHugePage, "no_huge_page"),
        (VmaFlags.Mergeable, "mergeable"),
        (VmaFlags.WipeOnFork, "wipe_on_fork"),
        (VmaFlags.NoReserve, "no_reserve"),
        (VmaFlags.Sequential, "sequential"),
        (VmaFlags.Random, "random"),
    ];

    private readonly Dictionary<int, MappedFileRecord> _files = checkpoint.MappedFiles.ToDictionary(file => file.Id);
    private readonly Dictionary<int, MemoryObjectRecord> _objects = checkpoint.Objects.ToDictionary(stored => stored.Id);

    /// <summary>What backs a mapping; these names never change.</summary>
    public static string Kind(VmaKind kind) => kind switch
    {
        VmaKind.Anonymous => "anonymous",
        VmaKind.PrivateFile => "private_file",
        VmaKind.SharedFile => "shared_file",
        VmaKind.Object => "shared_object",
        VmaKind.PrivateObject => "private_object",
        VmaKind.Vdso => "vdso",
        VmaKind.Vvar => "vvar",
        _ => kind.ToString(),
    };

    /// <summary>Access and sharing as proc_pid_maps(5) shows them, such as <c>rw-p</c>.</summary>
    public static string Protection(VmaRecord vma) => string.Concat(
        vma.Protection.HasFlag(VmaProtection.Read) ? "r" : "-",
        vma.Protection.HasFlag(VmaProtection.Write) ? "w" : "-",
        vma.Protection.HasFlag(VmaProtection.Execute) ? "x" : "-",
        vma.Kind is VmaKind.SharedFile or VmaKind.Object ? "s" : "p");

    /// <summary>The flags that are set.</summary>
    public static IEnumerable<string> Flags(VmaFlags flags) =>
        s_flags.Where(known => (flags & known.Flag) != 0).Select(known => known.Name);

    /// <summary>The file, the object or the name of a mapping; null for nameless memory.</summary>
    public string? Backing(VmaRecord vma) => vma.Kind switch
    {
        VmaKind.PrivateFile or VmaKind.SharedFile => _files[vma.BackingId].Path,
        VmaKind.Object or VmaKind.PrivateObject => FileDescription.OfObject(_objects[vma.BackingId]),
        _ => vma.Name is "" ? null : vma.Name,
    };
}
