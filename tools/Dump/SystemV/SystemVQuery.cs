using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using LazyRestore.Agent;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.SystemV;

namespace LazyRestore.Tools.Dump.SystemV;

/// <summary>Asks the kernel about System V objects without changing them: semctl(2), msgctl(2), msgop(2).</summary>
internal static unsafe class SystemVQuery
{
    private const int GETPID = 11;
    private const int GETALL = 13;
    private const int GETNCNT = 14;
    private const int GETZCNT = 15;
    private const int IPC_STAT = 2;
    private const int IPC_NOWAIT = 0x800;
    private const int MSG_COPY = 0x4000;
    private const int ENOMSG = 42;
    private const int LargestMessage = 16 << 20;

    // struct msqid64_ds of asm-generic.
    private const int QueueStructure = 128;
    private const int MostBytesOffset = 88;

    /// <summary>The semaphores of a set.</summary>
    public static IReadOnlyList<SystemVSemaphore> Semaphores(SystemVEntry set)
    {
        ushort[] values = new ushort[set.Number("nsems")];
        fixed (ushort* start = values)
        {
            Check("semctl(GETALL)", Interop.syscall(Interop.SYS_semctl, set.Id, 0, GETALL, (nint)start), set);
        }

        return [.. values.Select((value, number) => new SystemVSemaphore(value, (int)Ask(set, number, GETPID)))];
    }

    /// <summary>Whether anyone waits for a semaphore of a set; those who stand still do not.</summary>
    public static bool HasWaiters(SystemVEntry set) =>
        Enumerable.Range(0, (int)set.Number("nsems")).Any(number => Ask(set, number, GETNCNT) + Ask(set, number, GETZCNT) > 0);

    /// <summary>
    /// Whether a process may have changes of semaphores to undo when it ends (SEM_UNDO). Nobody tells what; but a process that has the same list of
    /// them as another one, which shares it with nobody, has none.
    /// </summary>
    public static bool MayHaveToUndo(int pid)
    {
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out int other) && other != pid
                && Interop.syscall(Interop.SYS_kcmp, pid, other, Interop.KCMP_SYSVSEM) == 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The most bytes that a queue holds.</summary>
    public static long MostBytes(SystemVEntry queue)
    {
        byte* structure = stackalloc byte[QueueStructure];
        Check("msgctl(IPC_STAT)", Interop.syscall(Interop.SYS_msgctl, queue.Id, IPC_STAT, (nint)structure), queue);
        return BinaryPrimitives.ReadInt64LittleEndian(new ReadOnlySpan<byte>(structure + MostBytesOffset, sizeof(long)));
    }

    /// <summary>What waits in a queue.</summary>
    public static IReadOnlyList<SystemVMessage> Messages(SystemVEntry queue)
    {
        List<SystemVMessage> messages = [];
        if (queue.Number("qnum") == 0)
        {
            return messages;
        }

        byte[] message = new byte[sizeof(long) + Math.Min(LargestMessage, queue.Number("cbytes"))];
        fixed (byte* start = message)
        {
            for (int place = 0; ; place++)
            {
                long length = Interop.syscall(
                    Interop.SYS_msgrcv, queue.Id, (nint)start, message.Length - sizeof(long), place, MSG_COPY | IPC_NOWAIT);
                if (length < 0 && Marshal.GetLastPInvokeError() == ENOMSG)
                {
                    return messages;
                }

                Check("msgrcv(MSG_COPY)", length, queue);
                messages.Add(new(BinaryPrimitives.ReadInt64LittleEndian(message), message.AsSpan(sizeof(long), (int)length).ToArray()));
            }
        }
    }

    private static long Ask(SystemVEntry set, int number, int what) =>
        Check($"semctl({what})", Interop.syscall(Interop.SYS_semctl, set.Id, number, what), set);

    private static long Check(string call, long result, SystemVEntry entry) =>
        result >= 0 ? result : throw new NativeException(call, Marshal.GetLastPInvokeError(), $"System V object {entry.Id}", "It may have been removed: try again.");
}
