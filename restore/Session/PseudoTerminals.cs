using System.Runtime.InteropServices;
using LazyRestore.Agent;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Terminals;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Restore.Session;

/// <summary>
/// The pseudo terminals of a checkpoint. We open their masters before there are processes, since those are forked in sessions that have them as
/// their controlling terminals; the processes take the masters from us.
/// </summary>
internal sealed class PseudoTerminals : IDisposable
{
    private const string Multiplexer = "/dev/ptmx";
    private readonly List<(TerminalMasterRecord Record, PseudoTerminal Terminal, SafeFileHandle Master, SafeFileHandle? Slave)> _terminals = [];

    private PseudoTerminals()
    {
    }

    /// <summary>Our descriptors of the masters, by the IDs of their files.</summary>
    internal IReadOnlyDictionary<int, int> Masters =>
        _terminals.ToDictionary(one => one.Record.Id, one => (int)one.Master.DangerousGetHandle());

    /// <summary>The path of a slave.</summary>
    internal static string PathOf(int index) => $"/dev/pts/{index}";

    /// <summary>Makes the terminals as they were.</summary>
    /// <exception cref="LazyRestoreException">The number of one is taken.</exception>
    internal static PseudoTerminals Create(Checkpoint checkpoint)
    {
        PseudoTerminals terminals = new();
        TerminalMasterRecord[] wanted = [.. checkpoint.Files.OfType<TerminalMasterRecord>()];
        if (wanted.Length == 0)
        {
            return terminals;
        }

        try
        {
            terminals.Open(wanted);
            return terminals;
        }
        catch
        {
            terminals.Dispose();
            throw;
        }
    }

    /// <summary>Forbids what would have kept the processes from opening the terminals.</summary>
    internal void Close()
    {
        foreach ((TerminalMasterRecord record, PseudoTerminal terminal, _, SafeFileHandle? slave) in _terminals)
        {
            if (record.Exclusive && slave is not null)
            {
                terminal.MakeExclusive(slave);
            }

            terminal.IsLocked = record.Locked;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((_, _, SafeFileHandle master, SafeFileHandle? slave) in _terminals)
        {
            slave?.Dispose();
            master.Dispose();
        }
    }

    // The kernel gives the lowest number that is free, so those below are taken up meanwhile.
    private void Open(TerminalMasterRecord[] wanted)
    {
        int last = wanted.Max(record => record.Index);
        List<SafeFileHandle> spare = [];
        try
        {
            for (int index = -1; index < last;)
            {
                SafeFileHandle master = OpenMaster();
                spare.Add(master);
                index = new PseudoTerminal(master, Multiplexer).Index;
                if (wanted.FirstOrDefault(record => record.Index == index) is { } record)
                {
                    spare.Remove(master);
                    Add(record, master);
                }
            }
        }
        finally
        {
            spare.ForEach(master => master.Dispose());
        }

        if (wanted.FirstOrDefault(record => !_terminals.Exists(one => one.Record == record)) is { } missing)
        {
            throw new LazyRestoreException(
                FailureReason.Unsupported,
                $"the pseudo terminal {PathOf(missing.Index)} cannot be made again: its number is in use",
                "End the program that has it open, which fuser(1) names.");
        }
    }

    private void Add(TerminalMasterRecord record, SafeFileHandle master)
    {
        const int AccessModes = 3;
        PseudoTerminal terminal = new(master, PathOf(record.Index)) { IsLocked = false };
        SafeFileHandle? slave = record.Slaves == TerminalSlaves.None ? null : terminal.OpenSlave();
        _terminals.Add((record, terminal, master, slave));
        SetOwner(record);
        terminal.Modes = new TerminalModes(record.Modes);
        terminal.WindowSize = record.WindowSize;
        if (slave is not null)
        {
            new TerminalContent(record.Lines, record.Input, record.Output).Put(terminal, slave);
            if (record.Stopped)
            {
                terminal.HoldOutput(slave);
            }
        }

        terminal.IsInPacketMode = record.Packets;
        const int SetStatusFlags = 4; // F_SETFL
        const int AsyncFlag = 0x2000; // O_ASYNC, which wants an owner first
        if (Interop.syscall((long)Programs.SystemCall.fcntl, master.DangerousGetHandle(), SetStatusFlags, record.StatusFlags & ~(AccessModes | AsyncFlag)) < 0)
        {
            throw new NativeException("fcntl(F_SETFL)", Marshal.GetLastPInvokeError(), Multiplexer);
        }
    }

    private static SafeFileHandle OpenMaster()
    {
        int master = Interop.open(Multiplexer, Interop.O_RDWR | Interop.O_NOCTTY | Interop.O_CLOEXEC);
        return master >= 0
            ? new SafeFileHandle(master, ownsHandle: true)
            : throw new NativeException("open", Marshal.GetLastPInvokeError(), Multiplexer, "The system may have no more pseudo terminals: /proc/sys/kernel/pty/max.");
    }

    private static void SetOwner(TerminalMasterRecord record)
    {
        const int Permissions = 0xfff;
        string path = PathOf(record.Index);
        if (Interop.chown(path, record.UserId, record.GroupId) < 0)
        {
            throw new NativeException("chown", Marshal.GetLastPInvokeError(), path);
        }

        File.SetUnixFileMode(path, (UnixFileMode)(record.Mode & Permissions));
    }
}
