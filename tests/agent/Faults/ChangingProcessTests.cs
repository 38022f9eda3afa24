using System.Runtime.InteropServices;
using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Tests.Target;

namespace LazyRestore.Agent.Tests.Faults;

/// <summary>What the kernel answers about a process that changes its memory, and what the service makes of it.</summary>
public sealed unsafe class ChangingProcessTests : IDisposable
{
    private const ulong PageSize = 4096;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly byte* _source = (byte*)NativeMemory.AlignedAlloc((nuint)PageSize, (nuint)PageSize);
    private readonly Served _served = new(HydrationOrder.Linear);

    [Fact]
    public void NothingIsPlacedWhileAnEventIsUnread()
    {
        using UserFault fault = new(TargetProcess.Duplicate((int)_served.Target.Fault.DangerousGetHandle()));
        _served.Target.Main.Say("drop", ServedImage.At(4), 2 * PageSize);

        // Until then the page is replaced by one that the drop takes away, so the test leaves no trace.
        Assert.True(SpinWait.SpinUntil(
            () => fault.Copy(ServedImage.At(4), (nint)_source, PageSize).Outcome == PlacementOutcome.Deferred, Deadline));
        Assert.Equal(PlacementOutcome.Deferred, fault.ZeroPage(ServedImage.At(5), PageSize).Outcome);
        _served.Service.Start();
        Assert.Equal("0", _served.Target.Main.Hear());
        Assert.Equal(ServedImage.Expected(0, 4) + "00" + ServedImage.Expected(6, 4), _served.Target.Main.Verify(ServedImage.Start, 10));
        Assert.Equal(PageServiceEnd.Resident, _served.WaitForEnd().End);
    }

    [Fact]
    public void AProcessThatHasEndedIsGone()
    {
        using UserFault fault = new(TargetProcess.Duplicate((int)_served.Target.Fault.DangerousGetHandle()));
        Assert.False(fault.IsGone(0x10000));
        _served.Target.Kill();
        Assert.Equal(PlacementOutcome.Gone, fault.Copy(ServedImage.At(0), (nint)_source, PageSize).Outcome);
        Assert.Equal(PlacementOutcome.Gone, fault.ZeroPage(ServedImage.At(0), PageSize).Outcome);
        Assert.True(fault.IsGone(0x10000));
    }

    [Fact]
    public void PagesWithoutAPlaceDoNotKeepTheServiceFromItsEnd()
    {
        const int First = 100;
        const int Count = 900;
        using (UserFault fault = new(TargetProcess.Duplicate((int)_served.Target.Fault.DangerousGetHandle())))
        {
            Assert.Equal(PlacementOutcome.Installed, fault.Unregister(ServedImage.At(First), Count * PageSize).Outcome);
        }

        _served.Service.Start();
        Assert.Equal(PageServiceEnd.Resident, _served.WaitForEnd().End);
        int stored = ServedImage.Expected(First, Count).Count(kind => kind == 'i');
        Assert.Equal(stored, _served.Service.Statistics.Discarded);
        Assert.Equal(ServedImage.Expected(0, First), _served.Target.Main.Verify(ServedImage.Start, First));
        Assert.Equal(ServedImage.Expected(1000, 1048), _served.Target.Main.Verify(ServedImage.At(1000), 1048));
    }

    public void Dispose()
    {
        _served.Dispose();
        NativeMemory.AlignedFree(_source);
    }
}
