using System.Text;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.State;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using Microsoft.Win32.SafeHandles;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent;

/// <summary>
/// What has to outlive an agent so that another one can take its place: a memfd with the state of every page, and a pair of
/// sockets in which the userfaultfds of forked children are parked. Somebody else must hold these descriptors as well.
/// </summary>
public sealed unsafe partial class PageState : IDisposable
{
    private const int SpareRegions = 1 << 17;

    private readonly StateMapping _mapping;
    private readonly StateLayout _layout;
    private readonly byte* _base;
    private DescriptorKeeper? _keeper;

    private PageState(StateMapping mapping, StateLayout layout, ChildParking? parking)
    {
        _mapping = mapping;
        _layout = layout;
        _base = mapping.Base;
        Parking = parking;
    }

    /// <summary>The memfd.</summary>
    public int Descriptor => _mapping.Descriptor;

    /// <summary>One end of the pair of sockets; -1 when the state belongs to a child.</summary>
    public int ParkingA => Parking?.EndA ?? -1;

    /// <summary>The other end.</summary>
    public int ParkingB => Parking?.EndB ?? -1;

    /// <summary>The image's path.</summary>
    public string ImagePath => Encoding.UTF8.GetString(Header->PathBytes);

    /// <summary>The 16 bytes that tell the image from every other.</summary>
    public ReadOnlySpan<byte> ImageId => new(Header->ImageId, 16);

    /// <summary>The process; 0 when the state belongs to a child, whose PID the kernel does not tell.</summary>
    public int Pid => Header->Pid;

    /// <summary>The space of the image that holds the pages.</summary>
    public int Space => Header->Space;

    /// <summary>The same for all processes that were restored together, and for no other.</summary>
    public long Group => Header->Group;

    /// <summary>Tells the service that is to serve the process, also when it starts again, from all others; 0 for none.</summary>
    public long Service
    {
        get => Volatile.Read(ref Header->Service);
        set => Volatile.Write(ref Header->Service, value);
    }

    /// <summary>The options that the state was created with.</summary>
    public PageServiceOptions Options => new()
    {
        Hydration = (HydrationOrder)Header->Hydration,
        OnPageError = (PageErrorPolicy)Header->OnPageError,
        FillAroundLimitPages = Header->FillAroundLimitPages,
        HydrationBatchPages = Header->HydrationBatchPages,
        SourcePatience = Header->SourcePatience < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(Header->SourcePatience),
    };

    internal StateHeader* Header => (StateHeader*)_base;

    internal ulong* Opened => (ulong*)(_base + _layout.Opened);

    internal ulong* ExtentWords => (ulong*)(_base + _layout.Extents);

    internal ChildParking? Parking { get; }

    internal long Identity => Header->Identity;

    /// <summary>Takes up a state that another agent has left. Owns the descriptors from now on.</summary>
    /// <param name="memfd">What <see cref="Descriptor"/> was.</param>
    /// <param name="parkingA">What <see cref="ParkingA"/> was; null leaves out forked children.</param>
    /// <param name="parkingB">What <see cref="ParkingB"/> was.</param>
    /// <exception cref="LazyRestoreException">It is not the state of an agent.</exception>
    public static PageState Attach(SafeFileHandle memfd, SafeFileHandle? parkingA = null, SafeFileHandle? parkingB = null)
    {
        StateMapping mapping = StateMapping.Open(memfd);
        StateHeader* header = (StateHeader*)mapping.Base;
        if (mapping.Length < sizeof(StateHeader) || !IsValid(header, mapping.Length))
        {
            mapping.Dispose();
            throw new LazyRestoreException(
                FailureReason.Failed, $"descriptor {memfd.DangerousGetHandle()} is not the page state of an agent", "Pass the memfd that the restored process holds.");
        }

        ChildParking? parking = parkingA is null || parkingB is null ? null : new ChildParking(parkingA, parkingB);
        return new PageState(mapping, new StateLayout(header->ExtentCount, header->RegionCapacity), parking);
    }

    /// <summary>The same state, mapped once more, for a thread that may outlive this object.</summary>
    internal PageState MapAgain()
    {
        int memfd = fcntl(Descriptor, F_DUPFD_CLOEXEC, 0);
        return memfd < 0 ? throw new NativeException("fcntl(F_DUPFD_CLOEXEC)", errno, "page state") : Attach(new SafeFileHandle(memfd, ownsHandle: true));
    }

    /// <summary>
    /// Makes this process the agent of the state, until it ends or disposes of the object; false when another agent lives.
    /// </summary>
    public bool TryLock() => _mapping.TryLock();

    /// <summary>The same, where a dead agent may have left its lock with what keeps its descriptors.</summary>
    internal bool TryLock(OrphanedKeeper? keeper) => _mapping.TryLock(keeper?.TakeLock(Header->Lock, Descriptor));

    /// <summary>Starts the task that keeps our descriptors until the process ends, so that they outlive us, unless there is one or the process has ended.</summary>
    internal void StartKeeper()
    {
        if (_keeper is null)
        {
            Header->Keeper = 0;
            Header->Agent = Environment.ProcessId;
            Header->Lock = _mapping.LockDescriptor;
            _keeper = DescriptorKeeper.Start(Pid, &Header->Keeper);
        }
    }

    /// <summary>Keeps other successors out until the handle is closed.</summary>
    /// <exception cref="LazyRestoreException">Another one is about to take the place of the agent, and does not come to an end.</exception>
    internal SafeFileHandle LockSuccession() => _mapping.LockSuccession() ?? throw Succession.AnotherAgent(this);

    /// <summary>What keeps the descriptors of the agent that had the state before; null when it lives, or has left nothing.</summary>
    internal OrphanedKeeper? FindOrphanedKeeper() => OrphanedKeeper.Find(Header->Keeper, Header->Agent);

    /// <inheritdoc/>
    public void Dispose()
    {
        _keeper?.Dispose();
        _keeper = null;
        Parking?.Dispose();
        _mapping.Dispose();
    }

    /// <summary>Creates the state of a process that was restored from an image a moment ago and lacks all of its pages.</summary>
    /// <param name="imagePath">The image's file.</param>
    /// <param name="image">The image.</param>
    /// <param name="pid">The process.</param>
    /// <param name="regions">What is registered with its userfaultfd.</param>
    /// <param name="options">How to work; a successor works in the same way.</param>
    /// <param name="space">The space of the image that holds its pages.</param>
    /// <param name="group">A number for all processes that are restored together.</param>
    public static PageState Create(
        string imagePath, CheckpointImage image, int pid, IReadOnlyList<LazyRegion> regions, PageServiceOptions options,
        int space = ExtentAddress.Process, long group = 0)
    {
        PageState state = Create(
            imagePath, image.Checkpoint.Header.ImageId.Span, image.Index.InSpace(space).Count, pid, regions, options);
        state.Header->Space = space;
        state.Header->Group = group;
        return state;
    }

    /// <summary>Creates the state of an address space that lacks all of an image's pages.</summary>
    internal static PageState Create(
        string imagePath, ReadOnlySpan<byte> imageId, int extentCount, int pid, IReadOnlyList<LazyRegion> regions, PageServiceOptions options)
    {
        byte[] path = Encoding.UTF8.GetBytes(ImageOpener.Absolute(imagePath));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(path.Length, StateHeader.PathCapacity, nameof(imagePath));
        RegionEntry[] entries = [.. regions.OrderBy(region => region.Start).Select(EntryOf)];
        ThrowIfUnordered(entries);

        PageState state = CreateEmpty(extentCount, entries.Length + SpareRegions, ChildParking.Create());
        StateHeader* header = state.Header;
        header->Pid = pid;
        header->Hydration = (int)options.Hydration;
        header->OnPageError = (int)options.OnPageError;
        header->FillAroundLimitPages = Math.Clamp(options.FillAroundLimitPages, 1, ExtentBits.PageCount);
        header->HydrationBatchPages = Math.Clamp(options.HydrationBatchPages, 1, ExtentBits.PageCount);
        header->SourcePatience = (long)options.SourcePatience.TotalMilliseconds;
        header->PathLength = path.Length;
        path.CopyTo(new Span<byte>(header->Path, StateHeader.PathCapacity));
        imageId.CopyTo(new Span<byte>(header->ImageId, 16));
        state.Initialise(entries, entries);
        return state;
    }

    /// <summary>
    /// Creates the state of a child that was forked from this address space just now: the same regions, the same pages settled and
    /// dropped. What is settled here came before the fork, since nothing can be placed while its event is unread, so the child has it too.
    /// </summary>
    internal PageState CreateChild(int extentCount)
    {
        PageState child = CreateEmpty(extentCount, checked((int)Header->RegionCapacity), parking: null);
        long identity = child.Header->Identity;
        *child.Header = *Header;
        child.Header->Identity = identity;
        child.Header->Pid = 0;
        new Span<byte>(child.Header->Messages, StateHeader.MessageCapacity * 32).Clear();
        child.Initialise(InitialRegions, Regions);
        for (int extent = 0; extent < extentCount; extent++)
        {
            // Only what is not zero, so that the rest takes no memory.
            const int Words = StateLayout.ExtentBytes / sizeof(ulong);
            ReadOnlySpan<ulong> bits = new(ExtentWords + ((long)extent * Words), Words);
            if (bits.IndexOfAnyExcept(0UL) >= 0)
            {
                bits.CopyTo(new Span<ulong>(child.ExtentWords + ((long)extent * Words), Words));
            }
        }

        int openedWords = (extentCount + 63) / 64;
        new ReadOnlySpan<ulong>(Opened, openedWords).CopyTo(new Span<ulong>(child.Opened, openedWords));
        return child;
    }

    private static PageState CreateEmpty(int extentCount, int regionCapacity, ChildParking? parking)
    {
        StateLayout layout = new(extentCount, regionCapacity);
        PageState state = new(StateMapping.Create(layout.Length), layout, parking);
        state.Header->Magic = StateHeader.MagicValue;
        state.Header->Identity = Random.Shared.NextInt64();
        state.Header->ExtentCount = extentCount;
        state.Header->RegionCapacity = regionCapacity;
        return state;
    }

    private static bool IsValid(StateHeader* header, long length) =>
        header->Magic == StateHeader.MagicValue
        && header->ExtentCount is >= 0 and <= int.MaxValue
        && header->RegionCapacity is >= 0 and <= int.MaxValue
        && header->InitialRegionCount >= 0 && header->InitialRegionCount <= header->RegionCapacity
        && (long)((header->Progress & CountMask) >> CountShift) <= header->RegionCapacity
        && new StateLayout(header->ExtentCount, header->RegionCapacity).Length <= length;

    private static RegionEntry EntryOf(LazyRegion region) =>
        new(
            region.Start,
            region.End,
            region.Start,
            (region.WipeOnFork ? RegionEntry.WipeOnFork : 0) | (region.Movable ? RegionEntry.Movable : 0));

    private static void ThrowIfUnordered(RegionEntry[] entries)
    {
        ulong end = 0;
        foreach (RegionEntry entry in entries)
        {
            if (entry.Start < end || entry.End <= entry.Start || ((entry.Start | entry.End) & 0xFFF) != 0)
            {
                throw new ArgumentException($"region {entry.Start:x}-{entry.End:x} is empty, not made of pages, or overlaps another");
            }

            end = entry.End;
        }
    }

    private void Initialise(ReadOnlySpan<RegionEntry> initial, ReadOnlySpan<RegionEntry> current)
    {
        initial.CopyTo(new Span<RegionEntry>(_base + _layout.Initial, initial.Length));
        Header->InitialRegionCount = initial.Length;
        Header->Progress = 0;
        current.CopyTo(NextRegions);
        SetRegions(current.Length, StateHeader.MessageCapacity);
    }
}
