namespace LazyRestore.Tools.Dump.Proc;

/// <summary>A VMA as proc_pid_smaps(5) shows it.</summary>
public sealed record MemoryArea
{
    /// <summary>First address.</summary>
    public required ulong Start { get; init; }

    /// <summary>First address after it.</summary>
    public required ulong End { get; init; }

    /// <summary>The four letters of its permissions, such as <c>rw-p</c>.</summary>
    public required string Permissions { get; init; }

    /// <summary>Offset in the file, in bytes.</summary>
    public required ulong Offset { get; init; }

    /// <summary>Inode of the file; 0 for none.</summary>
    public required ulong Inode { get; init; }

    /// <summary>The rest of the line: path or pseudo-path; empty for none.</summary>
    public required string Name { get; init; }

    /// <summary>VmFlags, two letters each.</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];

    /// <summary>ProtectionKey; 0 where the processor has none.</summary>
    public int ProtectionKey { get; init; }

    /// <summary>AnonHugePages: whether some of it is in transparent huge pages.</summary>
    public bool HasHugePages { get; init; }

    /// <summary>Whether writes are shared with others.</summary>
    public bool Shared => Permissions[3] == 's';

    /// <summary>Whether a two-letter flag is among its VmFlags.</summary>
    public bool Has(string flag) => Flags.Contains(flag);

    /// <summary>How messages name it.</summary>
    public override string ToString() => $"memory {Start:x}-{End:x}" + (Name.Length > 0 ? $" {Name}" : "");
}
