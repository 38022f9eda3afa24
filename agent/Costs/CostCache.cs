using System.Text;
using Microsoft.Win32.SafeHandles;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Costs;

/// <summary>
/// Keeps measured costs until the machine boots again, in a file that only its user can read or write. A folder such as /run may be on a
/// disk, so the boot and the kernel are in the file's name. Whatever is wrong with the file, there are no costs then; it is no error.
/// </summary>
public sealed unsafe class CostCache
{
    private const string Prefix = "placement-costs-";
    private const int MostBytes = 64 * 1024;
    private const uint OthersMayWrite = 0x12; // S_IWGRP | S_IWOTH
    private const uint OthersMayAnything = 0x3F; // S_IRWXG | S_IRWXO
    private const uint TypeMask = 0xF000; // S_IFMT
    private const uint RegularFile = 0x8000; // S_IFREG
    private const uint Folder = 0x4000; // S_IFDIR

    private readonly string _folder;
    private readonly string _kernel;

    /// <summary>A cache in a folder.</summary>
    /// <param name="folder">It is created when something is to be kept.</param>
    /// <param name="boot">Tells one boot from others.</param>
    /// <param name="kernel">The kernel's release.</param>
    public CostCache(string folder, string boot, string kernel)
    {
        _folder = folder;
        _kernel = kernel;
        FilePath = Path.Combine(folder, Prefix + Plain(boot) + "-" + Plain(kernel));
    }

    /// <summary>Where the costs are.</summary>
    public string FilePath { get; }

    /// <summary>
    /// The cache of this user and boot: in /run/lazyrestore for root, in a folder of XDG_RUNTIME_DIR for others; null where that is missing.
    /// </summary>
    public static CostCache? OfThisBoot()
    {
        string? parent = (uint)geteuid() == 0 ? "/run" : Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        try
        {
            return !Directory.Exists(parent)
                ? null
                : new CostCache(
                    Path.Combine(parent, "lazyrestore"),
                    File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim(),
                    File.ReadAllText("/proc/sys/kernel/osrelease").Trim());
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The costs that were kept; null when there are none, or none that can be trusted.</summary>
    public PlacementCosts? TryLoad()
    {
        fixed (byte* path = Encoding.UTF8.GetBytes(FilePath + "\0"))
        {
            int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
            if (descriptor < 0)
            {
                return null;
            }

            using SafeFileHandle file = new(descriptor, ownsHandle: true);
            Tmds.Linux.stat status;
            if (fstat(descriptor, &status) < 0 || !IsOurs(status, RegularFile, OthersMayAnything) || (long)status.st_size > MostBytes)
            {
                return null;
            }

            try
            {
                byte[] content = new byte[(int)(long)status.st_size];
                return RandomAccess.Read(file, content, 0) == content.Length ? CostFileText.TryRead(Encoding.UTF8.GetString(content), _kernel) : null;
            }
            catch (IOException)
            {
                return null;
            }
        }
    }

    /// <summary>Keeps costs, and throws away those of former boots.</summary>
    /// <returns>Whether they are kept: not where the folder is another user's, or cannot be written.</returns>
    public bool TryStore(PlacementCosts costs)
    {
        string temporary = $"{FilePath}.{Environment.ProcessId}.{Environment.TickCount64}";
        try
        {
            _ = Directory.CreateDirectory(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            if (!PrivateFolder.Is(_folder))
            {
                return false;
            }

            foreach (string other in Directory.EnumerateFiles(_folder, Prefix + "*").Where(other => !other.StartsWith(FilePath, StringComparison.Ordinal)))
            {
                File.Delete(other);
            }

            FileStreamOptions options = new()
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            };
            using (StreamWriter writer = new(temporary, options))
            {
                writer.Write(CostFileText.Write(costs, _kernel));
            }

            File.Move(temporary, FilePath, overwrite: true);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            return false;
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The folder is not ours to write in.
        }
    }

    private static bool IsOurs(in Tmds.Linux.stat status, uint type, uint forbidden)
    {
        uint mode = (uint)status.st_mode;
        return (mode & TypeMask) == type && (mode & forbidden) == 0 && (uint)status.st_uid == (uint)geteuid();
    }

    // What comes from the system is part of a file's name.
    private static string Plain(string text) => string.Concat(text.Select(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '_'));
}
