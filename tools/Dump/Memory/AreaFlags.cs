using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Memory;

/// <summary>Translates what /proc tells of a VMA into the words of an image.</summary>
public static class AreaFlags
{
    private static readonly (string Letters, VmaFlags Flag)[] Kept =
    [
        ("gd", VmaFlags.GrowsDown), ("lo", VmaFlags.Locked), ("lf", VmaFlags.LockOnFault), ("dc", VmaFlags.DontFork),
        ("dd", VmaFlags.DontDump), ("hg", VmaFlags.HugePage), ("nh", VmaFlags.NoHugePage), ("mg", VmaFlags.Mergeable),
        ("wf", VmaFlags.WipeOnFork), ("nr", VmaFlags.NoReserve), ("sr", VmaFlags.Sequential), ("rr", VmaFlags.Random),
    ];

    private static readonly (string Letters, UnsupportedKind Kind)[] Refused =
    [
        ("ht", UnsupportedKind.HugetlbMemory), ("um", UnsupportedKind.UserFaultRegistration),
        ("uw", UnsupportedKind.UserFaultRegistration), ("ui", UnsupportedKind.UserFaultRegistration),
        ("io", UnsupportedKind.DeviceMapping), ("pf", UnsupportedKind.DeviceMapping), ("mm", UnsupportedKind.DeviceMapping),
        ("sl", UnsupportedKind.SealedMapping), ("ss", UnsupportedKind.ShadowStack),
    ];

    /// <summary>The flags that an image keeps.</summary>
    public static VmaFlags Of(MemoryArea area)
    {
        VmaFlags flags = VmaFlags.None;
        foreach ((string letters, VmaFlags flag) in Kept)
        {
            if (area.Has(letters))
            {
                flags |= flag;
            }
        }

        // Without flags (/proc/PID/maps) nobody knows yet.
        bool isReadOnly = area.Name.StartsWith("/SYSV") && area.Flags.Count > 0 && !area.Has("mw");
        return isReadOnly ? flags | VmaFlags.ReadOnly : flags;
    }

    /// <summary>The protection.</summary>
    public static VmaProtection Protection(MemoryArea area) =>
        (area.Permissions[0] == 'r' ? VmaProtection.Read : VmaProtection.None)
        | (area.Permissions[1] == 'w' ? VmaProtection.Write : VmaProtection.None)
        | (area.Permissions[2] == 'x' ? VmaProtection.Execute : VmaProtection.None);

    /// <summary>The kinds of state in it that an image cannot hold.</summary>
    public static IEnumerable<UnsupportedKind> Unsupported(MemoryArea area)
    {
        IEnumerable<UnsupportedKind> kinds = Refused.Where(refused => area.Has(refused.Letters)).Select(refused => refused.Kind);
        return (area.ProtectionKey != 0 ? kinds.Append(UnsupportedKind.ProtectionKey) : kinds).Distinct();
    }

    /// <summary>The name an image keeps: the kernel's own, or what PR_SET_VMA_ANON_NAME gave.</summary>
    public static string Name(MemoryArea area)
    {
        foreach (string prefix in (ReadOnlySpan<string>)["[anon:", "[anon_shmem:"])
        {
            if (area.Name.StartsWith(prefix) && area.Name.EndsWith(']'))
            {
                return area.Name[prefix.Length..^1];
            }
        }

        return area.Name.StartsWith('[') ? area.Name : "";
    }
}
