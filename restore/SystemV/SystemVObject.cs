using System.Buffers.Binary;
using System.Runtime.InteropServices;
using LazyRestore.Agent;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Session;

namespace LazyRestore.Restore.SystemV;

/// <summary>Makes System V objects under the identifiers that they had (CONFIG_CHECKPOINT_RESTORE: /proc/sys/kernel/*_next_id).</summary>
internal static unsafe class SystemVObject
{
    /// <summary>IPC_CREAT | IPC_EXCL.</summary>
    internal const int CreateFlags = 0x600;

    private const int Remove = 0; // IPC_RMID
    private const int Set = 1; // IPC_SET
    private const int Stat = 2; // IPC_STAT
    private const int Permissions = 0x1ff;
    private const int Exists = 17;

    // struct ipc64_perm and msqid64_ds of asm-generic.
    private const int LargestStructure = 128;
    private const int UserOffset = 4;
    private const int GroupOffset = 8;
    private const int ModeOffset = 20;
    private const int MostBytesOffset = 88;

    /// <summary>Why an object cannot be made here; null when it can.</summary>
    internal static string? Problem(SystemVKind kind, SystemVIdentity wanted)
    {
        foreach (SystemVEntry entry in SystemVEntry.All(kind.Name))
        {
            SystemVIdentity there = entry.Identity;
            if (there.Id == wanted.Id ? !IsLeftBehind(kind, entry, wanted) : there.Key != 0 && there.Key == wanted.Key)
            {
                return there.Id == wanted.Id
                    ? $"{kind.Noun} {wanted.Id} is in use"
                    : $"{kind.Noun} {there.Id} has the key 0x{(uint)wanted.Key:x} that {wanted.Id} had";
            }
        }

        return null;
    }

    /// <summary>Makes an object, in place of the one that the saved process left behind.</summary>
    /// <param name="kind">What it is.</param>
    /// <param name="wanted">Its name, owner and permissions.</param>
    /// <param name="create">shmget(2), semget(2) or msgget(2), by the key and flags.</param>
    internal static void Create(SystemVKind kind, SystemVIdentity wanted, Func<int, int, long> create)
    {
        if (SystemVEntry.All(kind.Name).Any(entry => entry.Id == wanted.Id && IsLeftBehind(kind, entry, wanted)))
        {
            Destroy(kind, wanted.Id);
        }

        string next = $"/proc/sys/kernel/{kind.Name}_next_id";
        File.WriteAllText(next, wanted.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
        long made = As(wanted, () => create(wanted.Key, CreateFlags | (wanted.Mode & Permissions)));
        int errno = Marshal.GetLastPInvokeError();
        if (made < 0)
        {
            File.WriteAllText(next, "-1");
            throw errno == Exists
                ? new LazyRestoreException(FailureReason.Unsupported, $"{kind.Noun} with the key 0x{(uint)wanted.Key:x} exists already", "ipcs(1) shows it, ipcrm(1) removes it.")
                : new NativeException($"{kind.Name}get", errno, $"{kind.Noun} {wanted.Id}");
        }

        if (made != wanted.Id)
        {
            Destroy(kind, (int)made);
            throw new LazyRestoreException(
                FailureReason.Unsupported, $"{kind.Noun} {wanted.Id} cannot be made again: its number is in use", "ipcs(1) shows it, ipcrm(1) removes it.");
        }
    }

    /// <summary>Gives an object its owner and, a queue, its room.</summary>
    internal static void SetOwner(SystemVKind kind, SystemVIdentity wanted, long? mostBytes = null)
    {
        byte* structure = stackalloc byte[LargestStructure];
        Span<byte> bytes = new(structure, LargestStructure);
        Check(kind, wanted.Id, Stat, (nint)structure);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[UserOffset..], wanted.UserId);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[GroupOffset..], wanted.GroupId);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[ModeOffset..], wanted.Mode & Permissions);
        if (mostBytes is { } most)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes[MostBytesOffset..], most);
        }

        Check(kind, wanted.Id, Set, (nint)structure);
    }

    /// <summary>Removes an object; one that is not there is gone already.</summary>
    internal static void Destroy(SystemVKind kind, int id) => _ = Control(kind, id, Remove, 0);

    /// <summary>Does something else by the kind's controlling call.</summary>
    internal static void Check(SystemVKind kind, int id, int command, nint argument)
    {
        if (Control(kind, id, command, argument) < 0)
        {
            throw new NativeException($"{kind.Name}ctl({command})", Marshal.GetLastPInvokeError(), $"{kind.Noun} {id}");
        }
    }

    private static long Control(SystemVKind kind, int id, int command, nint argument) => kind == SystemVKind.Semaphores
        ? Interop.syscall((long)kind.Control, id, 0, command, argument)
        : Interop.syscall((long)kind.Control, id, command, argument);

    // It was not touched since, and nobody uses it.
    private static bool IsLeftBehind(SystemVKind kind, SystemVEntry entry, SystemVIdentity wanted)
    {
        SystemVIdentity there = entry.Identity;
        return there.Key == wanted.Key && there.Changed == wanted.Changed
            && (kind != SystemVKind.Segment || entry.Number("nattch") == 0)
            && (kind != SystemVKind.Queue || !(IsAlive(entry.Number("lspid")) || IsAlive(entry.Number("lrpid"))));
    }

    private static bool IsAlive(long pid) => pid > 0 && HostCheck.IsRunning((int)pid);

    // Who creates an object is noted with it for good. The calls change this thread alone.
    private static long As(SystemVIdentity wanted, Func<long> create)
    {
        const int Keep = -1;
        (bool otherUser, bool otherGroup) = (wanted.CreatorUserId != 0, wanted.CreatorGroupId != 0);
        if (otherGroup)
        {
            _ = Interop.syscall((long)SystemCall.setresgid, Keep, (nint)wanted.CreatorGroupId, Keep);
        }

        if (otherUser)
        {
            _ = Interop.syscall((long)SystemCall.setresuid, Keep, (nint)wanted.CreatorUserId, Keep);
        }

        long made = create();
        int errno = Marshal.GetLastPInvokeError();
        if (otherUser)
        {
            _ = Interop.syscall((long)SystemCall.setresuid, Keep, 0, Keep);
        }

        if (otherGroup)
        {
            _ = Interop.syscall((long)SystemCall.setresgid, Keep, 0, Keep);
        }

        Marshal.SetLastPInvokeError(errno);
        return made;
    }
}
