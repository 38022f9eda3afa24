using System.Globalization;

namespace LazyRestore.Tools.Dump.Proc;

/// <summary>A watch of an inotify instance, proc_pid_fdinfo(5).</summary>
/// <param name="Number">The watch's number.</param>
/// <param name="Inode">The inode of what it watches.</param>
/// <param name="Device">The file system, with 20 bits of minor number.</param>
/// <param name="Mask">IN_* bits.</param>
/// <param name="HandleType">The type of the file handle.</param>
/// <param name="Handle">The file handle; empty where the file system has none.</param>
public sealed record InotifyEntry(int Number, ulong Inode, uint Device, uint Mask, int HandleType, byte[] Handle)
{
    /// <summary>Reads what follows <c>inotify wd:</c>; all numbers are hexadecimal.</summary>
    public static InotifyEntry Parse(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string Field(string name) => Array.Find(words, word => word.StartsWith(name + ":")) is { } word ? word[(name.Length + 1)..] : "";
        ulong Hex(string digits) => digits.Length == 0 ? 0 : ulong.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return new InotifyEntry(
            (int)Hex(words[0]),
            Hex(Field("ino")),
            (uint)Hex(Field("sdev")),
            (uint)Hex(Field("mask")),
            (int)Hex(Field("fhandle-type")),
            Convert.FromHexString(Field("f_handle")));
    }
}
