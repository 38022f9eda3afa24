using System.Globalization;
using Microsoft.Win32.SafeHandles;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.State;

/// <summary>What keeps the descriptors of an agent that died: see <see cref="DescriptorKeeper"/>.</summary>
internal sealed class OrphanedKeeper : IDisposable
{
    private const string UserFault = "anon_inode:[userfaultfd]";
    private readonly int _pid;
    private readonly int _process;

    private OrphanedKeeper(int pid, int process)
    {
        _pid = pid;
        _process = process;
    }

    /// <summary>Finds it; null when the agent lives, or has left none.</summary>
    /// <param name="keeper">The keeper's process ID.</param>
    /// <param name="agent">The process ID of the agent that started it.</param>
    internal static OrphanedKeeper? Find(int keeper, int agent)
    {
        int process = keeper > 0 ? DescriptorKeeper.OpenProcess(keeper) : -1;
        if (process < 0)
        {
            return null;
        }

        // Looked at once it is open, so that no other process can take its place in between.
        if (IsOrphan(keeper, agent))
        {
            return new OrphanedKeeper(keeper, process);
        }

        _ = close(process);
        return null;
    }

    /// <summary>Duplicates a userfaultfd that the agent had; null when there is none of that number.</summary>
    internal SafeFileHandle? TakeUserFault(int number) => Take(number) is not { } taken ? null : Owned(taken, LinkOf(taken) == UserFault);

    /// <summary>Duplicates the open description by which the agent had locked a file, and with it the lock; null when there is none.</summary>
    /// <param name="number">Its number there.</param>
    /// <param name="memfd">The file.</param>
    internal SafeFileHandle? TakeLock(int number, int memfd) => Take(number) is not { } taken ? null : Owned(taken, IsSameFile(taken, memfd));

    /// <summary>Ends it, and waits until it has.</summary>
    internal void End() => DescriptorKeeper.End(_pid, _process);

    /// <inheritdoc/>
    public void Dispose() => _ = close(_process);

    private SafeFileHandle? Take(int number)
    {
        int descriptor = number < 0 ? -1 : (int)(long)syscall(DescriptorKeeper.SysPidfdGetFd, _process, number, 0);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private static SafeFileHandle? Owned(SafeFileHandle taken, bool isIt)
    {
        if (isIt)
        {
            return taken;
        }

        taken.Dispose();
        return null;
    }

    private static string? LinkOf(SafeFileHandle handle) => new FileInfo($"/proc/self/fd/{handle.DangerousGetHandle()}").LinkTarget;

    private static unsafe bool IsSameFile(SafeFileHandle handle, int memfd)
    {
        Tmds.Linux.stat one;
        Tmds.Linux.stat other;
        return fstat((int)handle.DangerousGetHandle(), &one) == 0 && fstat(memfd, &other) == 0
            && one.st_ino == other.st_ino && one.st_dev == other.st_dev;
    }

    // The parent changes when it ends, even if its number is in use again.
    private static bool IsOrphan(int keeper, int agent)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{keeper}/stat");
            int nameEnd = stat.LastIndexOf(')');
            string name = stat[(stat.IndexOf('(') + 1)..nameEnd];
            int parent = int.Parse(stat[(nameEnd + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
            return parent != agent && name == System.Text.Encoding.ASCII.GetString(DescriptorKeeper.Name[..^1]);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
