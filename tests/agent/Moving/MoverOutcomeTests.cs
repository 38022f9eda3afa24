using System.Runtime.InteropServices;
using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Moving;
using LazyRestore.Agent.Tests.Target;
using LazyRestore.ImageFormat;
using static LazyRestore.Agent.Interop.UserFaultFd;

namespace LazyRestore.Agent.Tests.Moving;

/// <summary>What a mover inside another process reports of each thing that the kernel can say to it. By a thread in C, and by the machine code.</summary>
public abstract unsafe class MoverOutcomeTests : IDisposable
{
    private const ulong Start = 0x6000_0000_0000;
    private const ulong Span = ImageLayout.ExtentSpan;
    private const ulong PageSize = ImageLayout.PageSize;
    private const int Pages = 4 * ImageLayout.PagesPerExtent;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly TargetProcess _target = new(Start, Pages);
    private readonly UserFault _fault;
    private readonly MoverRing _ring;

    protected MoverOutcomeTests(byte[]? code)
    {
        _fault = new UserFault(TargetProcess.Duplicate((int)_target.Fault.DangerousGetHandle()));
        _fault.SetNonBlocking();
        _ring = _target.StartMover(code);
    }

    [Fact]
    public void AnExtentIsMoved()
    {
        Assert.Equal(Whole, Place(1));
        Assert.Equal(new string('i', 512), _target.Main.Verify(Start + Span, 512));
    }

    /// <summary>EEXIST.</summary>
    [Fact]
    public void WhatIsThereIsNotReplaced()
    {
        Assert.Equal(PlacementOutcome.Installed, _fault.ZeroPage(Start + Span, PageSize).Outcome);
        Assert.Equal((PlacementOutcome.AlreadyPresent, Interop.Errno.EEXIST, 0ul), Facts(Place(1)));
        Assert.Equal("0", _target.Main.Verify(Start + Span, 1));
    }

    /// <summary>EAGAIN with a count: it came that far.</summary>
    [Fact]
    public void AShortMoveTellsHowFarItCame()
    {
        Assert.Equal(PlacementOutcome.Installed, _fault.ZeroPage(Start + Span + (100 * PageSize), PageSize).Outcome);
        Assert.Equal((PlacementOutcome.Installed, 0, 100 * PageSize), Facts(Place(1)));
        Assert.Equal(new string('i', 100) + '0', _target.Main.Verify(Start + Span, 101));
    }

    /// <summary>EAGAIN without a count: an event is unread. What was staged is placed when it has been read.</summary>
    [Fact]
    public void NothingIsMovedWhileAnEventIsUnread()
    {
        _target.Main.Say("drop", Start, PageSize);
        Assert.True(SpinWait.SpinUntil(() => _fault.IsChanging, Deadline));
        Assert.Equal((PlacementOutcome.Deferred, Interop.Errno.EAGAIN, 0ul), Facts(Place(1)));
        Assert.True(SpinWait.SpinUntil(ReadsMessage, Deadline));
        Assert.Equal("0", _target.Main.Hear());
        Assert.Equal(Whole, Place(1, isStaged: true));
        Assert.Equal(new string('i', 512), _target.Main.Verify(Start + Span, 512));
    }

    /// <summary>EBUSY: the stage is in use by a device. It is copied, and once the stage is cleared the next extent moves.</summary>
    [Fact]
    public void WhatADeviceUsesIsCopied()
    {
        if (_target.Main.Ask("pin") != "0")
        {
            Assert.Skip("io_uring");
        }

        Assert.Equal((PlacementOutcome.Failed, Interop.Errno.EBUSY, 0ul), Facts(Place(1)));
        Assert.Equal(Whole, Place(1, isStaged: true, isForced: true));
        Assert.Equal(new string('i', 512), _target.Main.Verify(Start + Span, 512));
        _ring.Clear(0);
        AwaitDone();
        Assert.Equal(Whole, Place(2));
        Assert.Equal(new string('i', 512), _target.Main.Verify(Start + (2 * Span), 512));
    }

    /// <summary>ENOENT: nothing is staged.</summary>
    [Fact]
    public void AHoleInTheStageIsNotMoved() => Assert.Equal((PlacementOutcome.Discarded, Interop.Errno.ENOENT, 0ul), Facts(Place(1, isStaged: true)));

    /// <summary>ENOENT: no mapping.</summary>
    [Fact]
    public void WithoutAMappingThereIsNoPlace() =>
        Assert.Equal((PlacementOutcome.Discarded, Interop.Errno.ENOENT, 0ul), Facts(Place(address: 0x6100_0000_0000, isStaged: false, isForced: false)));

    /// <summary>EINVAL: another protection than the stage's.</summary>
    [Fact]
    public void AnotherProtectionIsRefused()
    {
        _target.Main.Do("protect", Start + Span, Span);
        Assert.Equal((PlacementOutcome.Failed, Interop.Errno.EINVAL, 0ul), Facts(Place(1)));
    }

    /// <summary>EINVAL: only a task of the process itself can move.</summary>
    [Fact]
    public void AnotherProcessCannotMove()
    {
        nint source = (nint)NativeMemory.AlignedAlloc((nuint)PageSize, (nuint)PageSize);
        Assert.Equal((PlacementOutcome.Failed, Interop.Errno.EINVAL, 0ul), Facts(_fault.Move(Start, source, PageSize)));
        NativeMemory.AlignedFree((void*)source);
    }

    [Fact]
    public void WhatIsCancelledIsNotPlaced()
    {
        Assert.True(_ring.CloseGate());
        Stage(1);
        _ring.Place(0, Start + Span, isStaged: false, isForced: false);
        _ring.Cancel(0);
        _ring.OpenGate();
        Assert.Equal((PlacementOutcome.Failed, Interop.Errno.ECANCELED, 0ul), Facts(AwaitDone()));
        Assert.Equal(PlacementOutcome.Installed, _fault.ZeroPage(Start + Span, PageSize).Outcome);
    }

    public void Dispose()
    {
        _target.Dispose();
        _ring.Dispose();
        _fault.Dispose();
        GC.SuppressFinalize(this);
    }

    private bool ReadsMessage()
    {
        uffd_msg message;
        return _fault.Read(&message, 1) == 1;
    }

    private static PlacementResult Whole => new(PlacementOutcome.Installed, Span, 0);

    private static (PlacementOutcome Outcome, int Errno, ulong Bytes) Facts(PlacementResult result) => (result.Outcome, result.Errno, result.Bytes);

    private PlacementResult Place(int extent, bool isStaged = false, bool isForced = false)
    {
        Stage(extent);
        return Place(Start + ((ulong)extent * Span), isStaged, isForced);
    }

    private PlacementResult Place(ulong address, bool isStaged, bool isForced)
    {
        _ring.Place(0, address, isStaged, isForced);
        return AwaitDone();
    }

    private PlacementResult AwaitDone()
    {
        Assert.True(SpinWait.SpinUntil(() => _ring.State(0) == MoverLayout.Done, Deadline), "the mover does nothing");
        PlacementResult result = _ring.Result(0);
        _ring.Reset(0);
        return result;
    }

    // As the target takes the image to be.
    private void Stage(int extent)
    {
        ulong address = Start + ((ulong)extent * Span);
        var words = (ulong*)_ring.Data(0);
        for (ulong word = 0; word < Span / sizeof(ulong); word++)
        {
            words[word] = (address + (word * sizeof(ulong))) ^ 0x5A5A;
        }
    }
}
