using LazyRestore.Agent.Faults;
using static LazyRestore.Agent.Interop.UserFaultFd;

namespace LazyRestore.Agent.Tests;

public unsafe class KernelInterfaceTests
{
    [Fact]
    public void RequestNumbersHoldTheSizesOfTheirStructures()
    {
        Assert.Equal(32, sizeof(uffd_msg));
        Assert.Equal(UFFDIO_REGISTER, Request(write: true, read: true, 0x00, sizeof(uffdio_register)));
        Assert.Equal(UFFDIO_UNREGISTER, Request(write: false, read: true, 0x01, sizeof(uffdio_range)));
        Assert.Equal(UFFDIO_WAKE, Request(write: false, read: true, 0x02, sizeof(uffdio_range)));
        Assert.Equal(UFFDIO_COPY, Request(write: true, read: true, 0x03, sizeof(uffdio_copy)));
        Assert.Equal(UFFDIO_ZEROPAGE, Request(write: true, read: true, 0x04, sizeof(uffdio_zeropage)));
        Assert.Equal(UFFDIO_MOVE, Request(write: true, read: true, 0x05, sizeof(uffdio_move)));
        Assert.Equal(UFFDIO_CONTINUE, Request(write: true, read: true, 0x07, sizeof(uffdio_continue)));
        Assert.Equal(UFFDIO_POISON, Request(write: true, read: true, 0x08, sizeof(uffdio_poison)));
        Assert.Equal(UFFDIO_API, Request(write: true, read: true, 0x3F, sizeof(uffdio_api)));
    }

    [Fact]
    public void TheKernelOffersTheEvents() =>
        Assert.Equal(UserFaultFeatures.Required, UserFault.Probe() & UserFaultFeatures.Required);

    [Theory]
    [InlineData(0, 0, 0, PlacementOutcome.Installed, 8192)]
    [InlineData(-1, 11, 4096, PlacementOutcome.Installed, 4096)]
    [InlineData(-1, 11, 0, PlacementOutcome.Deferred, 0)]
    [InlineData(-1, 11, -11, PlacementOutcome.Deferred, 0)]
    [InlineData(-1, 17, -17, PlacementOutcome.AlreadyPresent, 0)]
    [InlineData(-1, 2, -2, PlacementOutcome.Discarded, 0)]
    [InlineData(-1, 3, 0, PlacementOutcome.Gone, 0)]
    [InlineData(-1, 14, -14, PlacementOutcome.Failed, 0)]
    public void OutFieldsOfEveryKernelAreUnderstood(int returned, int errno, long outField, PlacementOutcome outcome, ulong bytes)
    {
        var result = PlacementResult.Decode(returned, errno, outField, 8192);
        Assert.Equal((outcome, bytes), (result.Outcome, result.Bytes));
    }

    // _IOC of asm-generic/ioctl.h: direction, size, type 0xAA, number.
    private static uint Request(bool write, bool read, uint number, int size) =>
        (read ? 0x8000_0000 : 0) | (write ? 0x4000_0000u : 0) | ((uint)size << 16) | 0xAA00 | number;
}
