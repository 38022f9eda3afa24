using LazyRestore.Agent.Faults;
using Tmds.Linux;
using static LazyRestore.Agent.Interop.UserFaultFd;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Tests.Faults;

/// <summary>What the kernel answers, on memory of this process that managed code reads only once it is filled.</summary>
public sealed unsafe class UserFaultTests : IDisposable
{
    private const int Pages = 8;
    private const ulong PageSize = 4096;

    private readonly UserFault _fault = UserFault.Create(UserFaultFeatures.None);
    private readonly byte* _memory = Map(Pages);
    private readonly byte* _source = Map(Pages);

    public UserFaultTests()
    {
        new Span<byte>(_source, Pages * (int)PageSize).Fill(0xA5);
        Assert.Equal(PlacementOutcome.Installed, _fault.Register((ulong)_memory, Pages * PageSize).Outcome);
    }

    [Fact]
    public void ACopyStopsAtAPageThatIsThereAndSaysHowFarItGot()
    {
        Assert.Equal(PlacementOutcome.Installed, _fault.ZeroPage(At(3), PageSize).Outcome);
        PlacementResult partial = _fault.Copy(At(0), (nint)_source, 6 * PageSize);
        Assert.Equal((PlacementOutcome.Installed, 3 * PageSize), (partial.Outcome, partial.Bytes));
        Assert.Equal(PlacementOutcome.AlreadyPresent, _fault.Copy(At(3), (nint)_source, 3 * PageSize).Outcome);
        Assert.Equal(PlacementOutcome.AlreadyPresent, _fault.ZeroPage(At(0), PageSize).Outcome);
        Assert.Equal(0xA5, _memory[2 * PageSize]);
        Assert.Equal(0, _memory[3 * PageSize]);
    }

    [Fact]
    public void ARangeAcrossTwoMappingsIsDiscarded()
    {
        Assert.Equal(0, mprotect(_memory + (2 * PageSize), (size_t)PageSize, PROT_READ));
        Assert.Equal(PlacementOutcome.Discarded, _fault.Copy(At(0), (nint)_source, 4 * PageSize).Outcome);
        Assert.Equal(PlacementOutcome.Installed, _fault.Copy(At(2), (nint)_source, PageSize).Outcome);
    }

    [Fact]
    public void APlaceThatIsNotRegisteredIsDiscarded()
    {
        Assert.Equal(PlacementOutcome.Installed, _fault.Unregister(At(4), PageSize).Outcome);
        Assert.Equal(PlacementOutcome.Discarded, _fault.Copy(At(4), (nint)_source, PageSize).Outcome);
        Assert.Equal(PlacementOutcome.Discarded, _fault.ZeroPage(At(4), PageSize).Outcome);
        Assert.Equal(PlacementOutcome.Discarded, _fault.ZeroPage(0x10000, PageSize).Outcome);
        Assert.False(_fault.IsGone(0x10000));
    }

    [Fact]
    public void AWrongRequestFailsWithItsErrorNumber()
    {
        const int EINVAL = 22;
        PlacementResult result = _fault.Copy(At(0) + 1, (nint)_source, PageSize);
        Assert.Equal((PlacementOutcome.Failed, EINVAL), (result.Outcome, result.Errno));
    }

    [Fact]
    public void WakingNobodyIsNoError() => Assert.Equal(PlacementOutcome.Installed, _fault.Wake(At(0), Pages * PageSize).Outcome);

    [Fact]
    public void ReadingNothingDoesNotWait()
    {
        uffd_msg message;
        Assert.Equal(-Interop.Errno.EAGAIN, _fault.Read(&message, 1));
    }

    public void Dispose()
    {
        _fault.Dispose();
        _ = munmap(_memory, (size_t)(Pages * PageSize));
        _ = munmap(_source, (size_t)(Pages * PageSize));
    }

    private static byte* Map(int pages)
    {
        void* address = mmap(null, (size_t)((ulong)pages * PageSize), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        Assert.True(address != MAP_FAILED);
        return (byte*)address;
    }

    private ulong At(int page) => (ulong)_memory + ((ulong)page * PageSize);
}
