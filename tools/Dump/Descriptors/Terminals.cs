using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Terminals;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Terminals: pseudo terminals whose masters the processes have, and others, which lead outside.</summary>
internal sealed class Terminals(
    IReadOnlySet<int> processes, StandardStreams streams, IReadOnlyList<OpenDescription> all, JobOfTerminal? job, bool lookOnly, Refusals refusals)
{
    private const uint TerminalDevices = 5;
    private const uint CurrentTerminal = 0;
    private const uint TerminalMultiplexer = 2;
    private const uint FirstSlave = 136;
    private const string Current = "/dev/tty";

    /// <summary>Whether a device is a terminal: Documentation/admin-guide/devices.txt.</summary>
    public static bool IsTerminal(ulong device) => IsMaster(device) || IsOtherEnd(device);

    /// <summary>The record of a terminal; null when it is refused.</summary>
    public OpenFileRecord? Record(OpenDescription description)
    {
        OpenDescriptor first = description.First;
        ulong device = first.Status.SpecialDevice;
        if (IsMaster(device))
        {
            return Master(description);
        }

        if (IsHungUp(first))
        {
            return new TerminalRecord { Id = description.Id, StatusFlags = first.StatusFlags, Index = 0, Path = first.Link, HungUp = true };
        }

        if (IndexOf(first) is { } index && all.Any(other => IndexOfMaster(other.First) == index))
        {
            bool isCurrent = device == CurrentDevice && HasTerminal(first.Process.Pid, index);
            return new TerminalRecord
            {
                Id = description.Id,
                StatusFlags = first.StatusFlags,
                Index = index,
                Path = isCurrent ? Current : $"/dev/pts/{index}",
                HungUp = false,
            };
        }

        if (job is not null && Device(first) is { } number && job.Has(number))
        {
            return job.Record(description);
        }

        int? stream = description.StandardStream ?? StreamOf(device);
        return streams.Replace(description, UnsupportedKind.Terminal, UnsupportedKind.OtherTerminal, description.Link, stream);
    }

    private TerminalMasterRecord? Master(OpenDescription description)
    {
        OpenDescriptor first = description.First;
        PseudoTerminal terminal = new(first.Duplicate, description.Subject);
        int index = terminal.Index;
        string path = $"/dev/pts/{index}";
        if (TerminalUsers.Find(index, processes) is { } other)
        {
            refusals.Add(description.Subject, UnsupportedKind.SharedTerminal, $"{path}, process {other}");
            return null;
        }

        if (FileStatus.Find(path) is not { } status || status.SpecialDevice != (ulong)TerminalDevice.Of(index))
        {
            refusals.Add(description.Subject, UnsupportedKind.HiddenTerminal, path);
            return null;
        }

        TerminalSlaves slaves = terminal.IsHungUp ? TerminalSlaves.Closed
            : all.Any(one => !IsMaster(one.First.Status.SpecialDevice) && IndexOf(one.First) == index) ? TerminalSlaves.Open
            : TerminalSlaves.None;
        (uint userId, uint groupId) = FileStatus.OwnerOf(path);
        TerminalMasterRecord record = new()
        {
            Id = description.Id,
            StatusFlags = first.StatusFlags,
            Index = index,
            Modes = terminal.Modes.Bytes,
            WindowSize = terminal.WindowSize,
            UserId = userId,
            GroupId = groupId,
            Mode = status.Mode,
            Locked = terminal.IsLocked,
            Exclusive = false,
            Packets = terminal.IsInPacketMode,
            Stopped = false,
            Slaves = slaves,
            ForegroundGroup = terminal.ForegroundGroup,
            Lines = [],
            Input = default,
            Output = default,
        };
        return slaves == TerminalSlaves.None || lookOnly ? record : WithContent(description, terminal, record);
    }

    private TerminalMasterRecord? WithContent(OpenDescription description, PseudoTerminal terminal, TerminalMasterRecord record)
    {
        if (terminal.HasNews)
        {
            refusals.Add(description.Subject, UnsupportedKind.TerminalNews, $"/dev/pts/{record.Index}");
            return null;
        }

        terminal.IsLocked = false;
        try
        {
            using SafeFileHandle slave = terminal.OpenSlave();
            bool isStopped = PseudoTerminal.IsStopped(slave);
            if (terminal.DisciplineOf(slave) != 0)
            {
                refusals.Add(description.Subject, UnsupportedKind.LineDiscipline, $"/dev/pts/{record.Index}");
                return null;
            }

            if (isStopped && terminal.HasOutput)
            {
                refusals.Add(description.Subject, UnsupportedKind.HeldOutput, $"/dev/pts/{record.Index}");
                return null;
            }

            TerminalContent content = TerminalContent.Copy(terminal, slave);
            return record with
            {
                Exclusive = terminal.IsExclusive(slave),
                Stopped = isStopped,
                Lines = content.Lines,
                Input = content.Input,
                Output = content.Output,
            };
        }
        finally
        {
            terminal.IsLocked = record.Locked;
        }
    }

    // A shell opens its terminal a second time; /dev/tty is whatever terminal the standard streams are on.
    private int? StreamOf(ulong device) => all.FirstOrDefault(other =>
        other.StandardStream is not null
        && other.First.Status.Type == Interop.S_IFCHR
        && IsOtherEnd(other.First.Status.SpecialDevice)
        && (device == CurrentDevice || other.First.Status.SpecialDevice == device))?.StandardStream;

    // Of one whose master is gone no request is answered.
    private static unsafe bool IsHungUp(OpenDescriptor descriptor)
    {
        const int EIO = 5;
        int device;
        return Interop.ioctl_int(descriptor.Here, Interop.TIOCGDEV, &device) < 0 && System.Runtime.InteropServices.Marshal.GetLastPInvokeError() == EIO;
    }

    // The terminal that /dev/tty stands for, too.
    private static int? IndexOf(OpenDescriptor descriptor) => Device(descriptor) is { } device ? TerminalDevice.IndexOf(device) : null;

    private static unsafe int? Device(OpenDescriptor descriptor)
    {
        int device = 0;
        return descriptor.Status.Type == Interop.S_IFCHR && IsOtherEnd(descriptor.Status.SpecialDevice)
            && Interop.ioctl_int(descriptor.Here, Interop.TIOCGDEV, &device) >= 0
            ? device
            : null;
    }

    private static int? IndexOfMaster(OpenDescriptor descriptor) =>
        descriptor.Status.Type == Interop.S_IFCHR && IsMaster(descriptor.Status.SpecialDevice)
            ? new PseudoTerminal(descriptor.Duplicate, $"descriptor {descriptor.Number}").Index
            : null;

    private static bool HasTerminal(int pid, int index) =>
        StatText.Parse(new ProcDirectory(pid).Text("stat")).Terminal == TerminalDevice.Of(index);

    private static bool IsMaster(ulong device) =>
        Major(device) is >= 128 and <= 135 || (Major(device) == TerminalDevices && Minor(device) == TerminalMultiplexer);

    // Consoles and serial lines, the controlling terminal, and slaves of pseudo terminals.
    private static bool IsOtherEnd(ulong device) =>
        Major(device) is 4 or (>= FirstSlave and <= 143) || (Major(device) == TerminalDevices && Minor(device) != TerminalMultiplexer);

    private static ulong CurrentDevice => (TerminalDevices << 8) | CurrentTerminal;

    private static uint Major(ulong device) => (uint)((device >> 8) & 0xfff);

    private static uint Minor(ulong device) => (uint)((device & 0xff) | ((device >> 12) & 0xfff00));
}
