namespace LazyRestore.ImageFormat.Records;

/// <summary>What has become of the slaves of a pseudo terminal.</summary>
public enum TerminalSlaves
{
    /// <summary>None has ever been open.</summary>
    None,

    /// <summary>At least one is open.</summary>
    Open,

    /// <summary>All have been closed, which the master sees as a hang-up.</summary>
    Closed,
}

/// <summary>The master of a pseudo terminal, with the state of the terminal, pty(7), ioctl_tty(2).</summary>
public sealed record TerminalMasterRecord : OpenFileRecord
{
    /// <summary>The terminal's number: its slave is /dev/pts/NUMBER (TIOCGPTN).</summary>
    public required int Index { get; init; }

    /// <summary>The terminal's modes: struct termios2, 44 bytes (TCGETS2).</summary>
    public required ReadOnlyMemory<byte> Modes { get; init; }

    /// <summary>The window's size: struct winsize, 8 bytes (TIOCGWINSZ).</summary>
    public required ReadOnlyMemory<byte> WindowSize { get; init; }

    /// <summary>The slave's owner.</summary>
    public required uint UserId { get; init; }

    /// <summary>The slave's group.</summary>
    public required uint GroupId { get; init; }

    /// <summary>The slave's permissions, st_mode.</summary>
    public required uint Mode { get; init; }

    /// <summary>Whether the slave may not be opened yet (TIOCSPTLCK).</summary>
    public required bool Locked { get; init; }

    /// <summary>Whether nobody else may open the slave (TIOCEXCL).</summary>
    public required bool Exclusive { get; init; }

    /// <summary>Whether the master is read in packet mode (TIOCPKT).</summary>
    public required bool Packets { get; init; }

    /// <summary>Whether output is held, tcflow(3) or the stop character.</summary>
    public required bool Stopped { get; init; }

    /// <summary>What has become of its slaves.</summary>
    public required TerminalSlaves Slaves { get; init; }

    /// <summary>The process group in the foreground, tcgetpgrp(3); 0 when it is nobody's controlling terminal.</summary>
    public required int ForegroundGroup { get; init; }

    /// <summary>What the slave will read: whole lines in canonical mode. One that does not end with a newline ends with an end-of-file.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> Lines { get; init; }

    /// <summary>What the slave will read behind those: the line that is being typed, or everything where the mode is not canonical.</summary>
    public required ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>What the master will read.</summary>
    public required ReadOnlyMemory<byte> Output { get; init; }
}

/// <summary>An open slave of a pseudo terminal, pts(4).</summary>
public sealed record TerminalRecord : OpenFileRecord
{
    /// <summary>The terminal's number, which is that of a <see cref="TerminalMasterRecord"/> unless the terminal is gone.</summary>
    public required int Index { get; init; }

    /// <summary>The path by which it was opened: /dev/pts/NUMBER, or /dev/tty for the process's controlling terminal.</summary>
    public required string Path { get; init; }

    /// <summary>Whether the master was closed, so that the terminal is gone for good.</summary>
    public required bool HungUp { get; init; }
}

/// <summary>The controlling terminal of a job of a shell outside: that of the restorer takes its place when the user says so.</summary>
public sealed record TerminalJobRecord : OpenFileRecord
{
    /// <summary>What it was, such as <c>/dev/pts/3</c>; for people.</summary>
    public required string Path { get; init; }

    /// <summary>The modes that the process had set: struct termios2, 44 bytes (TCGETS2).</summary>
    public required ReadOnlyMemory<byte> Modes { get; init; }

    /// <summary>The window's size: struct winsize, 8 bytes (TIOCGWINSZ).</summary>
    public required ReadOnlyMemory<byte> WindowSize { get; init; }

    /// <summary>The process group in the foreground, which may be the shell's; 0 for none.</summary>
    public required int ForegroundGroup { get; init; }
}
