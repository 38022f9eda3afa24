using System.Runtime.InteropServices;
using LazyRestore.Agent;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Restore.Terminals;

/// <summary>A pseudo terminal, asked and changed through its master: pty(7), ioctl_tty(2). It does not own the descriptor.</summary>
/// <param name="master">The master.</param>
/// <param name="subject">How errors name it.</param>
public sealed unsafe class PseudoTerminal(SafeFileHandle master, string subject)
{
    /// <summary>Bytes of struct winsize.</summary>
    public const int WindowSizeSize = 8;

    /// <summary>Its number: the slave is /dev/pts/NUMBER.</summary>
    public int Index => Number(Interop.TIOCGPTN, "TIOCGPTN");

    /// <summary>The process group in the foreground; 0 for none.</summary>
    public int ForegroundGroup => Number(Interop.TIOCGPGRP, "TIOCGPGRP");

    /// <summary>Whether there was a slave, and none is open any more.</summary>
    public bool IsHungUp => (Poll(master, 0) & Interop.POLLHUP) != 0;

    /// <summary>Whether the master is to be told of a change of state in packet mode, which no request tells twice.</summary>
    public bool HasNews => IsInPacketMode && (Poll(master, Interop.POLLPRI) & Interop.POLLPRI) != 0;

    /// <summary>Whether the master has something to read.</summary>
    public bool HasOutput => (Poll(master, Interop.POLLIN) & Interop.POLLIN) != 0;

    /// <summary>TIOCSPTLCK: whether slaves may not be opened.</summary>
    public bool IsLocked
    {
        get => Number(Interop.TIOCGPTLCK, "TIOCGPTLCK") != 0;
        set => SetNumber(Interop.TIOCSPTLCK, "TIOCSPTLCK", value ? 1 : 0);
    }

    /// <summary>TIOCPKT: whether the master is told of changes of state.</summary>
    public bool IsInPacketMode
    {
        get => Number(Interop.TIOCGPKT, "TIOCGPKT") != 0;
        set => SetNumber(Interop.TIOCPKT, "TIOCPKT", value ? 1 : 0);
    }

    /// <summary>The terminal's modes.</summary>
    public TerminalModes Modes
    {
        get => new(Structure(Interop.TCGETS2, "TCGETS2", TerminalModes.Size));
        set => SetStructure(Interop.TCSETS2, "TCSETS2", value.Bytes.Span);
    }

    /// <summary>struct winsize.</summary>
    public ReadOnlyMemory<byte> WindowSize
    {
        get => Structure(Interop.TIOCGWINSZ, "TIOCGWINSZ", WindowSizeSize);
        set => SetStructure(Interop.TIOCSWINSZ, "TIOCSWINSZ", value.Span);
    }

    /// <summary>Opens the slave, without becoming anybody's terminal and without waiting when it is read.</summary>
    public SafeFileHandle OpenSlave()
    {
        const int ReadWrite = 2;
        int slave = Interop.ioctl(Here(master), Interop.TIOCGPTPEER, ReadWrite | Interop.O_NOCTTY | Interop.O_NONBLOCK | Interop.O_CLOEXEC);
        return new SafeFileHandle(Check("TIOCGPTPEER", slave), ownsHandle: true);
    }

    /// <summary>The line discipline of a slave; 0 for that of terminals.</summary>
    public int DisciplineOf(SafeFileHandle slave) => NumberOf(slave, Interop.TIOCGETD, "TIOCGETD");

    /// <summary>TIOCEXCL: whether nobody else may open the slave.</summary>
    public bool IsExclusive(SafeFileHandle slave) => NumberOf(slave, Interop.TIOCGEXCL, "TIOCGEXCL") != 0;

    /// <summary>Lets nobody else open the slave.</summary>
    public void MakeExclusive(SafeFileHandle slave) => Check("TIOCEXCL", Interop.ioctl(Here(slave), Interop.TIOCEXCL, 0));

    /// <summary>Whether output is held: a slave that has room cannot be written to.</summary>
    public static bool IsStopped(SafeFileHandle slave) => (Poll(slave, Interop.POLLOUT) & Interop.POLLOUT) == 0;

    /// <summary>Holds output, as the user does by the stop character, or tcflow(3) where there is none.</summary>
    internal void HoldOutput(SafeFileHandle slave)
    {
        const int Off = 0; // TCOOFF
        if (Modes.Stop is not 0 and byte stop)
        {
            Insert(slave, stop);
        }
        else
        {
            Check("TCXONC", Interop.ioctl(Here(slave), Interop.TCXONC, Off));
        }
    }

    /// <summary>Reads what the master has, until there is no more.</summary>
    internal byte[] ReadOutput() => ReadAll(master, () => HasOutput);

    /// <summary>Reads what a slave has, until there is no more.</summary>
    internal byte[] ReadInput(SafeFileHandle slave) => ReadAll(slave, static () => true);

    /// <summary>Reads a line of what a slave has; null when there is no whole one.</summary>
    internal byte[]? ReadLine(SafeFileHandle slave)
    {
        byte[] line = new byte[TerminalContent.MostInput + 1];
        int length = Read(slave, line);
        return length < 0 ? null : line[..length];
    }

    /// <summary>Appends a byte to what a slave reads, as if it were typed.</summary>
    internal void Insert(SafeFileHandle slave, byte typed) => Check("TIOCSTI", Interop.ioctl(Here(slave), Interop.TIOCSTI, (nint)(&typed)));

    /// <summary>Writes to the master.</summary>
    internal void WriteInput(ReadOnlySpan<byte> bytes) => Write(master, bytes);

    /// <summary>Writes to a slave.</summary>
    internal void WriteOutput(SafeFileHandle slave, ReadOnlySpan<byte> bytes) => Write(slave, bytes);

    private byte[] ReadAll(SafeFileHandle end, Func<bool> mayHaveMore)
    {
        List<byte> all = [];
        byte[] piece = new byte[4096];
        while (mayHaveMore())
        {
            int length = Read(end, piece);
            if (length <= 0)
            {
                break;
            }

            all.AddRange(piece.AsSpan(0, length));
        }

        return [.. all];
    }

    // -1 when there is nothing.
    private int Read(SafeFileHandle end, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            nint length = Interop.read(Here(end), start, (nuint)buffer.Length);
            return length < 0 && Marshal.GetLastPInvokeError() == Interop.EAGAIN ? -1 : Check("read", (int)length);
        }
    }

    private void Write(SafeFileHandle end, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            fixed (byte* start = bytes)
            {
                bytes = bytes[Check("write", (int)Interop.write(Here(end), start, (nuint)bytes.Length))..];
            }
        }
    }

    private int Number(nuint request, string name) => NumberOf(master, request, name);

    private int NumberOf(SafeFileHandle end, nuint request, string name)
    {
        int value = 0;
        Check(name, Interop.ioctl(Here(end), request, (nint)(&value)));
        return value;
    }

    private void SetNumber(nuint request, string name, int value) => Check(name, Interop.ioctl(Here(master), request, (nint)(&value)));

    private byte[] Structure(nuint request, string name, int size)
    {
        byte[] bytes = new byte[size];
        fixed (byte* start = bytes)
        {
            Check(name, Interop.ioctl(Here(master), request, (nint)start));
        }

        return bytes;
    }

    private void SetStructure(nuint request, string name, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            Check(name, Interop.ioctl(Here(master), request, (nint)start));
        }
    }

    private static short Poll(SafeFileHandle end, short events)
    {
        Interop.pollfd poll = new() { fd = Here(end), events = events };
        return Interop.poll(&poll, 1, 0) > 0 ? poll.revents : (short)0;
    }

    private int Check(string call, int result) =>
        result >= 0 ? result : throw new NativeException(call, Marshal.GetLastPInvokeError(), subject);

    private static int Here(SafeFileHandle end) => (int)end.DangerousGetHandle();
}
