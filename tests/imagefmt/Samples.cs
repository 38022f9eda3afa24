using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat.Tests;

/// <summary>A record of every kind, with values that differ from their defaults and from each other.</summary>
internal static class Samples
{
    public const ulong Heap = 0x5555_5560_0000;

    public static HeaderRecord Header { get; } = new()
    {
        Version = ImageLayout.Version,
        ImageId = Bytes(16, 1),
        Creator = "lazyrestore 0.1",
        CreatedNanoseconds = 1_700_000_000_123_456_789,
        HostName = "host",
        KernelRelease = "6.18.0",
        Machine = "x86_64",
        PageSize = 4096,
        BootId = "b2c5a7d0-0000-4000-8000-000000000000",
        XsaveFeatures = 0x2e7,
        VdsoDigest = Bytes(16, 2),
    };

    public static ProcessRecord Process { get; } = new()
    {
        Pid = 4711,
        ParentPid = 1,
        ProcessGroup = 4711,
        Session = 4700,
        Executable = "/usr/bin/größe",
        WorkingDirectory = "/tmp",
        RootDirectory = "/",
        Umask = 0x12,
        Personality = 0x40000,
        Dumpable = 1,
        ChildSubreaper = true,
        HugePagesDisabled = false,
        OomScoreAdjustment = -17,
        Limits = [new ResourceLimit(7, 1024, 4096), new ResourceLimit(3, 8 << 20, ulong.MaxValue)],
        SignalActions = [new SignalAction(15, 0x401000, 0x14000004, 0x402000, 0xff)],
        PendingSignals = [Bytes(128, 3), Bytes(128, 4)],
        IntervalTimers = [new IntervalTimer(0, 1_000_000, 250_000)],
        PosixTimers =
        [
            new PosixTimer
            {
                Id = 0, Clock = 1, Notify = 4, Signal = 34, SignalValue = 0xdead, ThreadId = 4712,
                ValueNanoseconds = 5_000_000, IntervalNanoseconds = 1_000,
            },
        ],
    };

    public static MemoryLayoutRecord Layout { get; } = new()
    {
        StartCode = 0x5555_5555_4000,
        EndCode = 0x5555_5555_8000,
        StartData = 0x5555_5555_9000,
        EndData = 0x5555_5555_a000,
        StartBrk = Heap,
        Brk = Heap + 0x40_0000,
        StartStack = 0x7fff_ffff_e000,
        ArgStart = 0x7fff_ffff_e100,
        ArgEnd = 0x7fff_ffff_e200,
        EnvStart = 0x7fff_ffff_e200,
        EnvEnd = 0x7fff_ffff_e300,
        Auxv = Bytes(320, 5),
    };

    public static ThreadRecord Thread(int tid) => new()
    {
        Tid = tid,
        Name = "worker",
        Registers = Bytes(216, 6),
        ExtendedState = Bytes(2696, 7),
        SignalMask = 1UL << 63,
        PendingSignals = [Bytes(128, 8)],
        AlternateStack = new AlternateStack(0x7f00_0000_0000, 2, 8192),
        ClearTidAddress = 0x7f12_3456_7000,
        RobustListHead = 0x7f12_3456_7008,
        RobustListLength = 24,
        Rseq = tid % 2 == 1 ? new RseqRegistration(0x7f12_3456_7100, 32, 0x53053053, 0) : null,
        Scheduling = new SchedulingAttributes(0, 1, -5, 2, 3, 4, 5),
        Affinity = Bytes(8, 9),
        IoPriority = 0x4004,
        TimerSlackNanoseconds = 50_000,
        ParentDeathSignal = 9,
        Credentials = new Credentials
        {
            UserIds = [0, 1000, 1000, 1000],
            GroupIds = [0, 100, 100, 100],
            Groups = [4, 24, uint.MaxValue],
            Inheritable = 1,
            Permitted = 2,
            Effective = 3,
            Bounding = 0x1ff_ffff_ffff,
            Ambient = 4,
            SecureBits = 5,
            NoNewPrivileges = true,
        },
        SleepRemainingNanoseconds = tid % 2 == 1 ? null : 12_345,
    };

    public static FileIdentity Identity { get; } = new()
    {
        Size = 12_288,
        ModifiedNanoseconds = 1_600_000_000_000_000_001,
        Mode = 0x81ed,
        BuildId = Bytes(20, 10),
    };

    /// <summary>Records that make a whole checkpoint: every kind is there.</summary>
    public static IReadOnlyList<CheckpointRecord> All { get; } =
    [
        Header, Process, Layout, Thread(4711), Thread(4712),
        Vma(0x5555_5555_4000, 0x5555_5555_8000, VmaKind.PrivateFile, 1, VmaProtection.Read | VmaProtection.Execute),
        Vma(Heap, Heap + 0x40_0000, VmaKind.Anonymous, 0, VmaProtection.Read | VmaProtection.Write),
        Vma(0x7f00_0000_0000, 0x7f00_0010_0000, VmaKind.Object, 1, VmaProtection.Read | VmaProtection.Write),
        Vma(0x7fff_ff7f_0000, 0x7fff_ffff_f000, VmaKind.Anonymous, 0, VmaProtection.Read) with { Flags = VmaFlags.GrowsDown },
        new MappedFileRecord { Id = 1, Path = "/usr/bin/größe", Identity = Identity, Writable = false },
        new MemoryObjectRecord { Id = 1, Kind = MemoryObjectKind.MemFd, Name = "shm", Size = 0x50_0000, Mode = 0x81ff, Seals = 1 },
        new MemoryObjectRecord { Id = 2, Kind = MemoryObjectKind.SystemV, Name = "", Size = 4096, Mode = 0x8180, Seals = 0 },
        new PathFileRecord { Id = 1, StatusFlags = 2, Path = "/tmp/log", Offset = 77, Identity = Identity, Device = 0x501 },
        new ObjectFileRecord { Id = 2, StatusFlags = 2, ObjectId = 1, Offset = 4096 },
        new PipeRecord { Id = 3, StatusFlags = 0, PipeId = 991, WriteEnd = false, Capacity = 65536, Content = [Bytes(100, 11), Bytes(0, 0)] },
        new PipeRecord { Id = 4, StatusFlags = 1, PipeId = 991, WriteEnd = true, Capacity = 65536, Content = [] },
        new ExternalStreamRecord { Id = 5, StatusFlags = 2, Stream = 2, Description = "/dev/pts/3" },
        new EventFdRecord { Id = 6, StatusFlags = 2, Count = ulong.MaxValue - 1, Semaphore = true },
        new EpollRecord { Id = 7, StatusFlags = 2, Interests = [new EpollInterest(3, 3, 0x80000001, ulong.MaxValue)] },
        new TimerFdRecord
        {
            Id = 8, StatusFlags = 2, Clock = 7, ValueNanoseconds = 1, IntervalNanoseconds = 2, Ticks = 3, SetTimeFlags = 1,
        },
        new SignalFdRecord { Id = 9, StatusFlags = 2, Mask = 0x4002 },
        new UnixSocketRecord
        {
            Id = 10, StatusFlags = 2, Inode = 5, Type = 1, Options = [new SocketOption(1, 7, Bytes(4, 12))], Listening = true,
            Backlog = 128, Address = "/run/x"u8.ToArray(), PeerInode = 6, PeerClosed = false, ShutDown = 1, ReceiveQueue = [Bytes(3, 13), Bytes(0, 0)],
        },
        new InetSocketRecord
        {
            Id = 11, StatusFlags = 2, Inode = 7, Type = 1, Options = [], Listening = true, Backlog = 511, Family = 2, Protocol = 6,
            LocalAddress = Bytes(16, 14), PeerAddress = default,
        },
        new InotifyRecord { Id = 12, StatusFlags = 2048, Watches = [new InotifyWatch(3, "/etc", 0x200)] },
        new PidFdRecord { Id = 13, StatusFlags = 2, Process = 4711 },
        new NamedPipeRecord { Id = 14, StatusFlags = 2, Path = "/run/pipe", Capacity = 4096, Content = Bytes(5, 15), HungUp = true },
        new MessageQueueRecord { Id = 15, StatusFlags = 2, Name = "/queue" },
        new NetlinkSocketRecord
        {
            Id = 16, StatusFlags = 2, Inode = 8, Type = 3, Options = [], Listening = false, Backlog = 0, Protocol = 0,
            LocalAddress = Bytes(12, 16), PeerAddress = default, Groups = [1, 35],
        },
        new TcpConnectionRecord
        {
            Id = 17, StatusFlags = 2, Inode = 9, Type = 1, Options = [], Listening = false, Backlog = 0, Family = 2,
            LocalAddress = Bytes(16, 17), PeerAddress = Bytes(16, 18), PeerEnded = true, SendEnd = TcpSendEnd.Acknowledged,
            SendSequence = uint.MaxValue, ReceiveSequence = 0, SendQueue = Bytes(9, 19), Unsent = 4, ReceiveQueue = Bytes(3, 20),
            Agreement = new TcpAgreement(1460, 7, -1, SelectiveAcknowledgment: true, Timestamps: false),
            Window = new TcpWindow(1, 2, 3, 4, 5), Timestamp = 6, Buffers = new TcpBuffers(16384, 131072, 2),
        },
        new TerminalMasterRecord
        {
            Id = 18, StatusFlags = 2, Index = 3, Modes = Bytes(44, 21), WindowSize = Bytes(8, 22), UserId = 1000, GroupId = 5, Mode = 0x2190,
            Locked = true, Exclusive = false, Packets = true, Stopped = false, Slaves = TerminalSlaves.Open, ForegroundGroup = 4711,
            Lines = [Bytes(5, 23), Bytes(0, 0)], Input = Bytes(6, 24), Output = Bytes(7, 25),
        },
        new TerminalRecord { Id = 19, StatusFlags = 2, Index = 3, Path = "/dev/pts/3", HungUp = false },
        new TerminalJobRecord
        {
            Id = 20, StatusFlags = 2, Path = "/dev/pts/7", Modes = Bytes(44, 27), WindowSize = Bytes(8, 28), ForegroundGroup = 4711,
        },
        .. Enumerable.Range(1, 20).Select(n => new DescriptorRecord { Number = n * 2, FileId = n, CloseOnExec = n % 2 == 0 }),
        new FileLockRecord { FileId = 1, Process = 4711, Kind = FileLockKind.Posix, Exclusive = true, Start = 10, Length = 5 },
        new FileOwnerRecord { FileId = 10, Kind = 1, Owner = 4711, Signal = 35 },
        new SystemVSegmentRecord { ObjectId = 2, Identity = Identified(65538) },
        new SystemVSemaphoresRecord { Identity = Identified(7), Semaphores = [new SystemVSemaphore(3, 4711), new SystemVSemaphore(0, 0)] },
        new SystemVQueueRecord
        {
            Identity = Identified(8), MostBytes = 16384, LastSender = 4711, LastReceiver = 0,
            Messages = [new SystemVMessage(9, Bytes(4, 26)), new SystemVMessage(1, Bytes(0, 0))],
        },
        new ZombieRecord { Pid = 4713, ParentPid = 4711, ProcessGroup = 4711, Session = 4700, Name = "worker", Status = 0x8b },
    ];

    private static SystemVIdentity Identified(int id) => new()
    {
        Id = id,
        Key = -77,
        UserId = 1000,
        GroupId = 100,
        CreatorUserId = 1001,
        CreatorGroupId = 101,
        Mode = 0x3a4,
        Changed = 1_700_000_000,
    };

    public static VmaRecord Vma(ulong start, ulong end, VmaKind kind, int backing, VmaProtection protection) => new()
    {
        Start = start,
        End = end,
        Kind = kind,
        Protection = protection,
        Flags = VmaFlags.None,
        Offset = 0,
        BackingId = backing,
        Name = "",
    };

    /// <summary>Bytes that look random and are the same every time.</summary>
    public static byte[] Bytes(int count, int seed)
    {
        byte[] bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Pages of which some compress well and some do not.</summary>
    public static byte[] Pages(int count, int seed)
    {
        byte[] pages = Bytes(count * ImageLayout.PageSize, seed);
        for (int page = 0; page < count; page++)
        {
            if ((page + seed) % 3 != 0)
            {
                pages.AsSpan((page * ImageLayout.PageSize) + 64, 3900).Fill((byte)page);
            }
        }

        return pages;
    }
}
