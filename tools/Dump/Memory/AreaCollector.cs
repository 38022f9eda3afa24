using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Memory;

/// <summary>Turns the memory areas of a process into VMA records, with the files and objects that back them.</summary>
public sealed class AreaCollector(ProcDirectory process, MappedFileTable files, MemoryObjectTable objects, Refusals refusals)
{
    private const ulong ZeroDevice = (1 << 8) | 5;

    /// <summary>The VMAs, by address. The kernel's own vsyscall page is none of the process's.</summary>
    public IReadOnlyList<VmaRecord> Collect(IReadOnlyList<MemoryArea> areas) =>
        [.. areas.Where(area => area.Name != "[vsyscall]").Select(Collect).OfType<VmaRecord>()];

    // Null when it was refused.
    private VmaRecord? Collect(MemoryArea area)
    {
        switch (area.Name)
        {
            case "[vdso]":
                return Record(area, VmaKind.Vdso, 0);
            case "[vvar]" or "[vvar_vclock]":
                return Record(area, VmaKind.Vvar, 0);
        }

        int refusedBefore = refusals.All.Count;
        foreach (UnsupportedKind kind in AreaFlags.Unsupported(area))
        {
            refusals.Add(area.ToString(), kind);
        }

        if (refusals.All.Count > refusedBefore)
        {
            return null;
        }

        return area is { Inode: 0, Shared: false } ? Anonymous(area) : Backed(area);
    }

    private VmaRecord? Anonymous(MemoryArea area)
    {
        bool known = area.Name is "" or "[heap]" or "[stack]" || area.Name.StartsWith("[anon:");
        if (!known)
        {
            refusals.Add(area.ToString(), UnsupportedKind.SpecialMapping);
            return null;
        }

        return Record(area, VmaKind.Anonymous, 0);
    }

    private VmaRecord? Backed(MemoryArea area)
    {
        string entry = $"map_files/{area.Start:x}-{area.End:x}";
        string link = process.Link(entry);
        FileStatus status = FileStatus.Of(process.PathOf(entry));
        if (status.Type == Interop.S_IFCHR && status.SpecialDevice == ZeroDevice && !area.Shared)
        {
            return Record(area, VmaKind.Anonymous, 0);
        }

        if (status.Type != Interop.S_IFREG)
        {
            UnsupportedKind kind = status.Type == Interop.S_IFCHR ? UnsupportedKind.DeviceMapping : UnsupportedKind.SpecialMapping;
            refusals.Add(area.ToString(), kind, link);
            return null;
        }

        if (status.Links == 0)
        {
            int id = objects.IdOf(area.ToString(), link, status, process.PathOf(entry));
            return id == 0 ? null : Record(area, area.Shared ? VmaKind.Object : VmaKind.PrivateObject, id);
        }

        if (FileStatus.Find(link) is not { } there || !there.IsSameFile(status))
        {
            refusals.Add(area.ToString(), UnsupportedKind.MovedFile, link);
            return null;
        }

        int file = files.IdOf(link, status, writable: area.Shared && area.Has("mw"));
        return Record(area, area.Shared ? VmaKind.SharedFile : VmaKind.PrivateFile, file);
    }

    private static VmaRecord Record(MemoryArea area, VmaKind kind, int backing) => new()
    {
        Start = area.Start,
        End = area.End,
        Kind = kind,
        Protection = AreaFlags.Protection(area),
        Flags = AreaFlags.Of(area),
        Offset = kind is VmaKind.Anonymous or VmaKind.Vdso or VmaKind.Vvar ? 0 : area.Offset,
        BackingId = backing,
        Name = AreaFlags.Name(area),
        HadHugePages = area.HasHugePages,
    };
}
