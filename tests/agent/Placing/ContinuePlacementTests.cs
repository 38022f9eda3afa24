using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Placing;
using Microsoft.Win32.SafeHandles;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Tests.Placing;

/// <summary>Pages of shared memory. Nobody touches the mappings here: what is in the file is read by its descriptor.</summary>
public sealed unsafe class ContinuePlacementTests : IDisposable
{
    private const int Pages = 64;
    private const int PageSize = 4096;
    private const int Length = Pages * PageSize;

    private readonly UserFault _file = UserFault.Create(UserFaultFeatures.MissingShmem);
    private readonly UserFault _process = UserFault.Create(UserFaultFeatures.MissingShmem | UserFaultFeatures.Required);
    private readonly SafeFileHandle _memory;
    private readonly byte* _ours;
    private readonly byte* _theirs;
    private readonly byte* _data;
    private readonly ContinuePlacement _placement;

    public ContinuePlacementTests()
    {
        fixed (byte* name = "continue\0"u8)
        {
            _memory = new SafeFileHandle(memfd_create(name, 0), ownsHandle: true);
        }

        RandomAccess.SetLength(_memory, Length);
        _ours = Map(PROT_READ, MAP_SHARED, (int)_memory.DangerousGetHandle());
        _theirs = Map(PROT_READ | PROT_WRITE, MAP_SHARED, (int)_memory.DangerousGetHandle());
        _data = Map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
        new Span<byte>(_data, Length).Fill(7);
        Assert.Equal(PlacementOutcome.Installed, _file.Register((ulong)_ours, Length).Outcome);
        Assert.Equal(PlacementOutcome.Installed, _process.Register((ulong)_theirs, Length).Outcome);
        _placement = new ContinuePlacement(_file, _process, _ours - _theirs);
    }

    [Fact]
    public void PagesAreInTheFileAndMapped()
    {
        Assert.Equal(new PlacementResult(PlacementOutcome.Installed, 8 * PageSize, 0), _placement.Place(At(3), (nint)_data, 8 * PageSize));
        Assert.Equal([0, 7, 7, 0], [ByteOf(2), ByteOf(3), ByteOf(10), ByteOf(11)]);

        // EEXIST: they are mapped already.
        Assert.Equal((PlacementOutcome.AlreadyPresent, Interop.Errno.EEXIST), Facts(_process.Continue(At(3), 8 * PageSize)));
    }

    /// <summary>EEXIST: what the process may have written since is never written over.</summary>
    [Fact]
    public void WhatTheFileHasStays()
    {
        RandomAccess.Write(_memory, [9], 5 * PageSize);
        Assert.Equal(new PlacementResult(PlacementOutcome.Installed, 2 * PageSize, 0), _placement.Place(At(3), (nint)_data, 4 * PageSize));
        Assert.Equal((PlacementOutcome.AlreadyPresent, Interop.Errno.EEXIST), Facts(_placement.Place(At(5), (nint)_data, 2 * PageSize)));
        Assert.Equal((PlacementOutcome.AlreadyPresent, Interop.Errno.EEXIST), Facts(_placement.PlaceZero(At(5))));
        Assert.Equal([7, 7, 9, 0], [ByteOf(3), ByteOf(4), ByteOf(5), ByteOf(6)]);
    }

    /// <summary>EFAULT: only what the file has can be mapped.</summary>
    [Fact]
    public void AHoleCannotBeMapped() => Assert.Equal((PlacementOutcome.Failed, Interop.Errno.EFAULT), Facts(_process.Continue(At(1), PageSize)));

    /// <summary>EAGAIN of an event that is unread keeps nothing out of the file.</summary>
    [Fact]
    public void PagesArriveWhileAnEventIsUnread()
    {
        Thread dropping = new(() => madvise(_theirs, PageSize, MADV_DONTNEED));
        dropping.Start();
        Assert.True(SpinWait.SpinUntil(() => _process.IsChanging, TimeSpan.FromSeconds(10)));
        Assert.Equal(new PlacementResult(PlacementOutcome.Installed, PageSize, 0), _placement.Place(At(0), (nint)_data, PageSize));
        Assert.Equal(7, ByteOf(0));
        Assert.Equal(PlacementOutcome.Deferred, _process.Continue(At(0), PageSize).Outcome);
        Assert.True(SpinWait.SpinUntil(ReadsMessage, TimeSpan.FromSeconds(10)));
        dropping.Join();
        Assert.False(_process.IsChanging);
    }

    public void Dispose()
    {
        _process.Dispose();
        _file.Dispose();
        foreach (nint mapping in (nint[])[(nint)_ours, (nint)_theirs, (nint)_data])
        {
            _ = munmap((void*)mapping, Length);
        }

        _memory.Dispose();
    }

    private bool ReadsMessage()
    {
        Interop.UserFaultFd.uffd_msg message;
        return _process.Read(&message, 1) == 1;
    }

    private static byte* Map(int protection, int flags, int file) => (byte*)mmap(null, Length, protection, flags, file, 0);

    private static (PlacementOutcome Outcome, int Errno) Facts(PlacementResult result) => (result.Outcome, result.Errno);

    private ulong At(int page) => (ulong)_theirs + ((ulong)page * PageSize);

    private int ByteOf(int page)
    {
        byte[] first = new byte[1];
        Assert.Equal(1, RandomAccess.Read(_memory, first, (long)page * PageSize));
        return first[0];
    }
}
