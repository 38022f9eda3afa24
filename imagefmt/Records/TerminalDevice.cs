namespace LazyRestore.ImageFormat.Records;

/// <summary>
/// The device numbers of pseudo terminals, as stat(2) and proc_pid_stat(5) tell them: the low 8 bits of the minor number, the major number, the rest
/// of the minor number.
/// </summary>
public static class TerminalDevice
{
    private const int SlaveMajor = 136; // UNIX98_PTY_SLAVE_MAJOR

    /// <summary>The device of a slave.</summary>
    public static int Of(int index) => (index & 0xff) | (SlaveMajor << 8) | ((index & 0xfff00) << 12);

    /// <summary>The number of the pseudo terminal; null for another kind of device.</summary>
    public static int? IndexOf(int device) =>
        ((device >> 8) & 0xfff) == SlaveMajor ? (device & 0xff) | ((device >> 12) & 0xfff00) : null;
}
