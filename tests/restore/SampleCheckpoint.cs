using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Restore.Tests;

/// <summary>The records of a process with a log and a TCP connection.</summary>
internal static class SampleCheckpoint
{
    private static readonly FileIdentity s_identity = new() { Size = 5, ModifiedNanoseconds = 1, Mode = 0x8180, BuildId = default };

    internal static TcpConnectionRecord Connection { get; } = new()
    {
        Id = 2,
        StatusFlags = 2,
        Inode = 9,
        Type = 1,
        Options = [new SocketOption(1, 2, new byte[] { 1, 0, 0, 0 }), new SocketOption(6, 1, new byte[] { 1, 0, 0, 0 })],
        Listening = false,
        Backlog = 0,
        Family = 2,
        LocalAddress = new byte[] { 2, 0, 0x1f, 0x90, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 },
        PeerAddress = new byte[] { 2, 0, 0x30, 0x39, 10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0 },
        PeerEnded = false,
        SendEnd = TcpSendEnd.Open,
        SendSequence = 1000,
        ReceiveSequence = 2000,
        SendQueue = new byte[100],
        Unsent = 40,
        ReceiveQueue = new byte[70_000],
        Agreement = new TcpAgreement(1460, 7, 8, SelectiveAcknowledgment: true, Timestamps: true),
        Window = new TcpWindow(1, 65536, 65536, 65536, 2000),
        Timestamp = 6,
        Buffers = new TcpBuffers(16384, 131072, 0),
    };

    internal static Checkpoint Build(TcpConnectionRecord? connection = null) => new()
    {
        Header = null!,
        Process = new ProcessRecord
        {
            Pid = 4711,
            ParentPid = 1,
            ProcessGroup = 4711,
            Session = 4711,
            Executable = "/opt/app/bin",
            WorkingDirectory = "/opt/app",
            RootDirectory = "/",
            Umask = 18,
            Personality = 0,
            Dumpable = 1,
            ChildSubreaper = false,
            HugePagesDisabled = false,
            OomScoreAdjustment = 0,
            Limits = [],
            SignalActions = [],
            PendingSignals = [],
            IntervalTimers = [],
            PosixTimers = [],
        },
        Layout = null!,
        Threads = [],
        Vmas = [],
        MappedFiles = [new MappedFileRecord { Id = 1, Path = "/opt/app/bin", Identity = s_identity, Writable = false }],
        Objects = [],
        Files =
        [
            new PathFileRecord { Id = 1, StatusFlags = 0x401, Path = "/opt/app/log", Offset = 5, Identity = s_identity, Device = 0 },
            connection ?? Connection,
            new PathFileRecord { Id = 3, StatusFlags = 0, Path = "/options", Offset = 0, Identity = s_identity, Device = 0 },
        ],
        Descriptors =
        [
            new DescriptorRecord { Number = 3, FileId = 1, CloseOnExec = false },
            new DescriptorRecord { Number = 4, FileId = 1, CloseOnExec = false },
            new DescriptorRecord { Number = 5, FileId = 2, CloseOnExec = false },
            new DescriptorRecord { Number = 6, FileId = 3, CloseOnExec = false },
        ],
        Locks = [new FileLockRecord { FileId = 1, Process = 4711, Kind = FileLockKind.Posix, Exclusive = true, Start = 0, Length = 0 }],
    };
}
