using LazyRestore.Agent.OwnMemory;
using LazyRestore.ImageFormat;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Tests.OwnMemory;

public sealed unsafe class PageTransferTests : IDisposable
{
    private const int PageSize = 4096;
    private const int Pages = 1024;
    private const int Length = Pages * PageSize;

    private readonly byte* _mapping = Map(3 * Length);
    private readonly byte* _from;
    private readonly PageTransfer _transfer = new();

    public PageTransferTests()
    {
        const ulong Extent = ImageLayout.ExtentSpan;
        _from = (byte*)(((ulong)_mapping + Extent - 1) & ~(Extent - 1));
    }

    private byte* To => _from + Length;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhatIsMovedIsThereAndNotHere(bool inHugePages)
    {
        Assert.Equal(0, madvise(_mapping, 3 * Length, inHugePages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE));
        Fill(0, Pages);
        Assert.Equal(new TransferResult(Length, 0), _transfer.Move((nint)_from, (nint)To, Length));
        AssertFilled(0, Pages);
        Assert.Equal(-1, new Span<byte>(_from, Length).IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void WhatTheSourceLacksTheDestinationLacks()
    {
        Fill(0, 10);
        Fill(700, 1);
        Assert.Equal(new TransferResult(Length, 0), _transfer.Move((nint)_from, (nint)To, Length));
        AssertFilled(0, 10);
        AssertFilled(700, 1);
        Assert.Equal(-1, new Span<byte>(To + (10 * PageSize), 690 * PageSize).IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void WhatIsCopiedIsAtBothPlaces()
    {
        Fill(0, Pages);
        Assert.Equal(new TransferResult(0, Length), _transfer.Copy((nint)_from, (nint)To, Length));
        AssertFilled(0, Pages);
        Assert.True(new Span<byte>(_from, Length).SequenceEqual(new Span<byte>(To, Length)));
    }

    /// <summary>EBUSY: a device uses some pages; these are copied and stay, the others are moved.</summary>
    [Fact]
    public void WhatADeviceUsesIsCopiedAndStays()
    {
        const int First = 100;
        const int Count = 3;
        const int IoUringRegister = 427;
        Assert.Equal(0, madvise(_mapping, 3 * Length, MADV_NOHUGEPAGE));
        Fill(0, Pages);
        io_uring_params parameters = default;
        int ring = io_uring_setup(1, &parameters);
        iovec used = new() { iov_base = _from + (First * PageSize), iov_len = Count * PageSize };
        if (ring < 0 || (long)syscall(IoUringRegister, ring, 0, &used, 1) < 0)
        {
            Assert.Skip("io_uring");
        }

        Assert.Equal(
            new TransferResult(Length - (Count * PageSize), Count * PageSize), _transfer.Move((nint)_from, (nint)To, Length));
        AssertFilled(0, Pages);
        Assert.Equal(First * PageSize, new Span<byte>(_from, Length).IndexOfAnyExcept((byte)0));
        Assert.Equal(((First + Count) * PageSize) - 1, new Span<byte>(_from, Length).LastIndexOfAnyExcept((byte)0));
        _ = close(ring);
    }

    [Fact]
    public void SeveralMappingsAreNoHindrance()
    {
        Fill(0, Pages);
        Assert.Equal(0, madvise(_from + (300 * PageSize), 5 * PageSize, MADV_DONTFORK));
        Assert.Equal(0, madvise(To + (777 * PageSize), 5 * PageSize, MADV_DONTFORK));
        Assert.Equal(Length, _transfer.Move((nint)_from, (nint)To, Length).MovedBytes);
        AssertFilled(0, Pages);
    }

    [Fact]
    public void ADestinationThatIsNotEmptyIsLeftAlone()
    {
        Fill(0, Pages);
        To[(200 * PageSize) + 5] = 1;
        LazyRestoreException failure = Assert.Throws<LazyRestoreException>(() => _transfer.Move((nint)_from, (nint)To, Length));
        Assert.Contains($"0x{(ulong)To + (200 * PageSize):x} is not empty; {200 * PageSize} bytes before it were placed", failure.Message, StringComparison.Ordinal);
        Assert.NotNull(failure.Remedy);
        AssertFilled(0, 200);
        Assert.Equal((1, Data(200)), (To[(200 * PageSize) + 5], _from[200 * PageSize]));

        // Nothing of the attempt is left: what is missing there reads as zero.
        Assert.Equal(0, To[300 * PageSize]);
    }

    [Fact]
    public void MemoryThatCannotTakePagesIsRefused()
    {
        Assert.Equal(0, munmap(To, (size_t)PageSize));
        Assert.Throws<NativeException>(() => _transfer.Move((nint)_from, (nint)To, PageSize));
        Assert.True(mmap(To, (size_t)PageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == To);
    }

    public void Dispose()
    {
        _transfer.Dispose();
        _ = munmap(_mapping, (size_t)(3 * Length));
    }

    private static byte* Map(int length)
    {
        void* address = mmap(null, (size_t)length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        Assert.True(address != MAP_FAILED);
        return (byte*)address;
    }

    private static byte Data(int page) => (byte)((page % 250) + 1);

    private void Fill(int first, int count)
    {
        for (int page = first; page < first + count; page++)
        {
            new Span<byte>(_from + (page * PageSize), PageSize).Fill(Data(page));
        }
    }

    private void AssertFilled(int first, int count)
    {
        for (int page = first; page < first + count; page++)
        {
            Assert.Equal(-1, new Span<byte>(To + (page * PageSize), PageSize).IndexOfAnyExcept(Data(page)));
        }
    }
}
