using System.Buffers.Binary;
using System.Text;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Tools.Tests.Dump;

/// <summary>What an image of the program targets/everything.c has to hold.</summary>
internal static class Everything
{
    private const int RealTimeSignal = 34;

    internal static void CheckProcess(Checkpoint checkpoint, TargetProcess target)
    {
        ProcessRecord process = checkpoint.Process;
        Assert.Equal(Path.Combine(target.DirectoryPath, "program"), process.Executable);
        Assert.Equal(0x17, process.Umask);
        Assert.Equal("/", process.RootDirectory);
        Assert.Contains(new ResourceLimit(7, 500, 600), process.Limits);
        Assert.Equal(16, process.Limits.Count);

        SignalAction action = process.SignalActions.Single(action => action.Signal == 10);
        Assert.True(action.Handler > 1 && action.Restorer != 0 && (action.Flags & 0x10000000) != 0 && action.Mask == 1);
        Assert.Equal(1UL, process.SignalActions.Single(action => action.Signal == 13).Handler);
        Assert.Equal(2, process.PendingSignals.Count);
        Assert.Equal(RealTimeSignal + 5, BinaryPrimitives.ReadInt32LittleEndian(process.PendingSignals[0].Span));

        IntervalTimer interval = Assert.Single(process.IntervalTimers);
        Assert.Equal((0, 3_000_000), (interval.Which, interval.IntervalMicroseconds));
        Assert.InRange(interval.ValueMicroseconds, 4900_000_000, 5000_000_000);
        PosixTimer timer = Assert.Single(process.PosixTimers);
        Assert.Equal((1, RealTimeSignal + 6, 0, 2_000_000_000), (timer.Clock, timer.Signal, timer.Notify, timer.IntervalNanoseconds));
        Assert.Equal(77UL, timer.SignalValue & uint.MaxValue);
        Assert.InRange(timer.ValueNanoseconds, 2900_000_000_000, 3000_000_000_000);

        MemoryLayoutRecord layout = checkpoint.Layout;
        Assert.True(layout.Brk >= layout.StartBrk && layout.StartBrk > 0 && layout.ArgEnd > layout.ArgStart);
        Assert.Equal(0, layout.Auxv.Length % 16);
        Assert.Equal(16, checkpoint.Header.VdsoDigest.Length);
        Assert.Equal(3UL, checkpoint.Header.XsaveFeatures & 3);
    }

    internal static void CheckThreads(Checkpoint checkpoint)
    {
        Assert.Equal(2, checkpoint.Threads.Count);
        ThreadRecord leader = checkpoint.Threads[0];
        ThreadRecord second = checkpoint.Threads[1];
        Assert.Equal((checkpoint.Process.Pid, "everything"), (leader.Tid, leader.Name));
        Assert.Equal("second", second.Name);
        Assert.Equal(123456UL, leader.TimerSlackNanoseconds);
        Assert.Equal((1UL << 9) | (1UL << 11), second.SignalMask & 0xfff);
        Assert.Equal(12, BinaryPrimitives.ReadInt32LittleEndian(Assert.Single(second.PendingSignals).Span));
        Assert.Equal((65536UL, 0), (second.AlternateStack.Size, second.AlternateStack.Flags));
        Assert.Equal(2, leader.AlternateStack.Flags);
        Assert.InRange(second.SleepRemainingNanoseconds ?? 0, 1, 1000_000_000_000);
        Assert.Null(leader.SleepRemainingNanoseconds);
        Assert.All(checkpoint.Threads, thread =>
        {
            Assert.Equal(216, thread.Registers.Length);
            Assert.True(thread.ExtendedState.Length >= 576);
            Assert.Equal(24UL, thread.RobustListLength);
            Assert.True(thread.ClearTidAddress != 0 && thread.RobustListHead != 0 && thread.Rseq is { Address: > 0 });
            Assert.True(thread.Credentials.SameAs(leader.Credentials));
        });
    }

    internal static void CheckMemory(CheckpointImage image)
    {
        IReadOnlyList<VmaRecord> vmas = image.Checkpoint.Vmas;
        VmaRecord memory = vmas.Single(vma => vma.Length == 4 << 20);
        Assert.True(memory.Flags.HasFlag(VmaFlags.DontFork));
        Assert.Equal(1, Page(image, 0, memory.Start)[0]);
        Assert.Null(ImageMemory.Page(image, 0, memory.Start + 4096));
        Assert.Equal(3, Page(image, 0, memory.Start + (4 * 4096))[0]);

        Assert.Contains(vmas, vma => vma is { Protection: VmaProtection.None, Kind: VmaKind.Anonymous, Length: 8192 }
            && Page(image, 0, vma.Start).AsSpan().StartsWith("hidden"u8));
        VmaRecord mapped = vmas.Single(vma => vma.Kind == VmaKind.PrivateFile && vma.Length == 3 * 4096);
        Assert.Null(ImageMemory.Page(image, 0, mapped.Start));
        Assert.Equal(-1, Page(image, 0, mapped.Start + 4096).AsSpan().IndexOfAnyExcept((byte)0));
        Assert.Equal(3 * 4096, image.Checkpoint.MappedFiles.Single(file => file.Id == mapped.BackingId).Identity.Size);
        MappedFileRecord libc = image.Checkpoint.MappedFiles.Single(file => file.Path.EndsWith("libc.so.6"));
        Assert.Equal(20, libc.Identity.BuildId.Length);

        MemoryObjectRecord shared = Object(image, MemoryObjectKind.SharedAnonymous);
        Assert.Equal(1 << 20, shared.Size);
        Assert.True(Page(image, shared.Id, 8192).AsSpan().StartsWith("shared"u8));
        Assert.Equal(VmaKind.Object, vmas.Single(vma => vma.BackingId == shared.Id && vma.Length == 1 << 20).Kind);
        Assert.Contains(vmas, vma => vma is { Kind: VmaKind.Vdso });
        Assert.Contains(vmas, vma => vma is { Kind: VmaKind.Vvar });
        Assert.Contains(vmas, vma => vma is { Name: "[stack]" } && vma.Flags.HasFlag(VmaFlags.GrowsDown));
    }

    internal static void CheckFiles(CheckpointImage image, TargetProcess target)
    {
        Checkpoint checkpoint = image.Checkpoint;
        PipeRecord[] ends = [.. checkpoint.Files.OfType<PipeRecord>()];
        Assert.Equal(2, ends.Length);
        PipeRecord reader = ends.Single(end => !end.WriteEnd);
        Assert.Equal("in the pipe", Encoding.ASCII.GetString(Assert.Single(reader.Content).Span));
        Assert.Equal(65536, reader.Capacity);
        DescriptorRecord[] readers = [.. checkpoint.Descriptors.Where(descriptor => descriptor.FileId == reader.Id)];
        Assert.Equal([true, false], readers.Select(descriptor => descriptor.CloseOnExec));

        EpollInterest interest = Assert.Single(checkpoint.Files.OfType<EpollRecord>().Single().Interests);
        Assert.Equal((readers[1].Number, reader.Id, 0x1122334455667788UL), (interest.Descriptor, interest.FileId, interest.Data));
        Assert.Equal(0x80000001U, interest.Events & 0x80000001U);
        EventFdRecord counter = checkpoint.Files.OfType<EventFdRecord>().Single();
        Assert.Equal((41UL, true), (counter.Count, counter.Semaphore));
        TimerFdRecord timer = checkpoint.Files.OfType<TimerFdRecord>().Single();
        Assert.Equal((1, 7_000_000_000, 0UL), (timer.Clock, timer.IntervalNanoseconds, timer.Ticks));
        Assert.Equal(1UL << (RealTimeSignal + 2), checkpoint.Files.OfType<SignalFdRecord>().Single().Mask);

        PathFileRecord appended = PathFile(checkpoint, Path.Combine(target.DirectoryPath, "appended"));
        Assert.Equal((5, 0x401), (appended.Offset, appended.StatusFlags & 0x403));
        Assert.Equal(0x103UL, PathFile(checkpoint, "/dev/null").Device);
        Assert.Equal(0x4000U, PathFile(checkpoint, target.DirectoryPath).Identity.Mode & 0xf000);
        CheckObjects(image, target);
    }

    internal static void CheckSockets(Checkpoint checkpoint, TargetProcess target)
    {
        UnixSocketRecord[] sockets = [.. checkpoint.Files.OfType<UnixSocketRecord>()];
        Assert.Equal(5, sockets.Length);
        UnixSocketRecord stream = sockets.Single(socket => socket.Type == 1 && socket.ReceiveQueue.Count > 0);
        Assert.Equal("hello stream", Encoding.ASCII.GetString(Assert.Single(stream.ReceiveQueue).Span));
        Assert.Equal(stream.Inode, sockets.Single(socket => socket.Inode == stream.PeerInode).PeerInode);
        UnixSocketRecord datagram = sockets.Single(socket => socket.Type == 2 && socket.ReceiveQueue.Count > 0);
        Assert.Equal(["one", "two"], datagram.ReceiveQueue.Select(message => Encoding.ASCII.GetString(message.Span)));
        UnixSocketRecord listener = sockets.Single(socket => socket.Listening);
        Assert.Equal((5, 0UL), (listener.Backlog, listener.PeerInode));
        Assert.Equal(Path.Combine(target.DirectoryPath, "socket"), Encoding.UTF8.GetString(listener.Address.Span));

        InetSocketRecord[] inet = [.. checkpoint.Files.OfType<InetSocketRecord>()];
        Assert.Equal(3, inet.Length);
        InetSocketRecord tcp = inet.Single(socket => socket.Listening);
        Assert.Equal((2, 6, 37), (tcp.Family, tcp.Protocol, tcp.Backlog));
        Assert.Equal(16, tcp.LocalAddress.Length);
        Assert.Equal([(1, 2, 1), (1, 8, 50000), (6, 1, 1)], tcp.Options.Select(Shown).Order());
        InetSocketRecord udp = inet.Single(socket => socket.Protocol == 17);
        Assert.Equal((10, 0, 0), (udp.Family, udp.LocalAddress.Length, udp.PeerAddress.Length));
        Assert.Equal([(41, 26, 1)], udp.Options.Select(Shown));
        Assert.Empty(inet.Single(socket => socket.Protocol == 6 && !socket.Listening).Options);

        static (int, int, int) Shown(SocketOption option) =>
            (option.Level, option.Name, BinaryPrimitives.ReadInt32LittleEndian(option.Value.Span));
    }

    private static void CheckObjects(CheckpointImage image, TargetProcess target)
    {
        MemoryObjectRecord memory = Object(image, MemoryObjectKind.MemFd);
        Assert.Equal(("lazy", 10000L, 2), (memory.Name, memory.Size, memory.Seals));
        Assert.Equal("memfd", Encoding.ASCII.GetString(Page(image, memory.Id, 4096).AsSpan(904, 5)));
        Assert.Null(ImageMemory.Page(image, memory.Id, 0));
        Assert.Single(image.Checkpoint.Files.OfType<ObjectFileRecord>(), file => file.ObjectId == memory.Id);
        Assert.Single(image.Checkpoint.Vmas, vma => vma.Kind == VmaKind.Object && vma.BackingId == memory.Id);

        MemoryObjectRecord deleted = Object(image, MemoryObjectKind.DeletedFile);
        Assert.Equal((Path.Combine(target.DirectoryPath, "deleted"), 17L), (deleted.Name, deleted.Size));
        Assert.True(Page(image, deleted.Id, 0).AsSpan().StartsWith("gone but not lost"u8));
        Assert.Equal(17, image.Checkpoint.Files.OfType<ObjectFileRecord>().Single(file => file.ObjectId == deleted.Id).Offset);
    }

    private static byte[] Page(CheckpointImage image, int space, ulong address)
    {
        byte[]? page = ImageMemory.Page(image, space, address);
        Assert.NotNull(page);
        return page;
    }

    private static MemoryObjectRecord Object(CheckpointImage image, MemoryObjectKind kind) =>
        image.Checkpoint.Objects.Single(one => one.Kind == kind);

    private static PathFileRecord PathFile(Checkpoint checkpoint, string path) =>
        checkpoint.Files.OfType<PathFileRecord>().First(file => file.Path == path);
}
