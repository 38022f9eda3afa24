using LazyRestore.Agent.OwnMemory;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Tests.OwnMemory;

public sealed unsafe class DemandMemoryTests
{
    private const int PageSize = 4096;
    private const int Pages = 256;
    private const int Length = Pages * PageSize;

    [Fact]
    public void PagesAreAskedForOnceAndWhenTheyAreTouched()
    {
        List<long> asked = [];
        using DemandMemory memory = new(Length, (offset, page) =>
        {
            asked.Add(offset);
            return Number(offset, page);
        });
        byte[] read = new byte[3 * PageSize];
        memory.Read((7 * PageSize) + 10, read);
        memory.Read(8 * PageSize, read);
        Assert.Equal([7 * PageSize, 8 * PageSize, 9 * PageSize, 10 * PageSize], asked);
        Assert.Equal([8, 9, 10], new[] { read[0], read[PageSize], read[2 * PageSize] });
    }

    [Fact]
    public void WhatIsWrittenStays()
    {
        using DemandMemory memory = new(Length, Number);
        memory.Write((5 * PageSize) - 2, "abcd"u8);
        byte[] read = new byte[6];
        memory.Read((5 * PageSize) - 3, read);
        Assert.Equal([4, (byte)'a', (byte)'b', (byte)'c', (byte)'d', 5], read);
    }

    [Fact]
    public void WhatWasBroughtIsNotAskedFor()
    {
        using DemandMemory memory = new(Length, static (_, _) => false);
        byte[] pages = new byte[2 * PageSize];
        pages.AsSpan().Fill(9);
        memory.Fill(3 * PageSize, pages);
        memory.Write(3 * PageSize, [1]);
        memory.Fill(2 * PageSize, pages);
        byte[] read = new byte[3 * PageSize];
        memory.Read(2 * PageSize, read);
        Assert.Equal([9, 1, 9], new[] { read[0], read[PageSize], read[2 * PageSize] });
    }

    [Fact]
    public void APageThatCannotBeHadIsAnErrorForEverybodyAndOthersAreThere()
    {
        using DemandMemory memory = new(Length, static (offset, page) => offset switch
        {
            3 * PageSize => false,
            5 * PageSize => throw new IOException("the tape has gone"),
            _ => Number(offset, page),
        });
        byte[] read = new byte[PageSize];
        for (int attempt = 0; attempt < 2; attempt++)
        {
            Assert.Equal(3 * PageSize, Assert.Throws<UnavailablePageException>(() => memory.Read((2 * PageSize) + 100, read)).Offset);
            UnavailablePageException unavailable = Assert.Throws<UnavailablePageException>(() => memory.Write((5 * PageSize) + 7, [1]));
            Assert.Equal("the page at offset 0x5000 cannot be had: the tape has gone", unavailable.Message);
        }

        memory.Read(4 * PageSize, read);
        Assert.Equal(4, read[0]);
        AssertSystemCallFails(memory, 3);
    }

    [Fact]
    public void WithoutAFillerWhatIsMissingIsAnErrorAtOnce()
    {
        using DemandMemory memory = new(Length);
        byte[] page = new byte[PageSize];
        Assert.Equal(0, Assert.Throws<UnavailablePageException>(() => memory.Read(10, page)).Offset);
        AssertSystemCallFails(memory, 0);
        memory.Fill(0, page);
        memory.Read(0, page);
        Assert.Equal(PageSize, Assert.Throws<UnavailablePageException>(() => memory.Read(1, page)).Offset);
    }

    /// <summary>The filler collects garbage while threads wait for it: with pointers to the memory this never ended.</summary>
    [Fact]
    public void AFillerMayCollectGarbageWhileThreadsWait()
    {
        using DemandMemory memory = new(Length, static (offset, page) =>
        {
            GC.Collect();
            return Number(offset, page);
        });
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(first => new Thread(() =>
        {
            byte[] read = new byte[1];
            for (int page = first; page < 64; page += 3)
            {
                memory.Read((long)page * PageSize, read);
                Assert.Equal(page, read[0]);
            }
        }))];
        Array.ForEach(threads, static thread => thread.Start());
        Assert.All(threads, static thread => Assert.True(thread.Join(TimeSpan.FromMinutes(2))));
    }

    [Fact]
    public void WhoWaitsWhenItEndsGetsAnError()
    {
        using ManualResetEventSlim asked = new();
        using ManualResetEventSlim answer = new();
        DemandMemory memory = new(Length, (_, _) =>
        {
            asked.Set();
            answer.Wait();
            return true;
        });
        Exception? thrown = null;
        Thread reader = new(() => thrown = Record.Exception(() => memory.Read(0, new byte[1])));
        reader.Start();
        asked.Wait();
        Thread ending = new(memory.Dispose);
        ending.Start();
        reader.Join();
        answer.Set();
        ending.Join();
        Assert.IsType<ObjectDisposedException>(thrown);
        Assert.Throws<ObjectDisposedException>(() => memory.Read(0, new byte[1]));
        memory.Dispose();
    }

    [Fact]
    public void AFillerThatTouchesItsMemoryIsToldSo()
    {
        DemandMemory? memory = null;
        using DemandMemory made = new(Length, (_, page) =>
        {
            memory!.Read(PageSize, page);
            return true;
        });
        memory = made;
        UnavailablePageException unavailable = Assert.Throws<UnavailablePageException>(() => made.Read(0, new byte[1]));
        Assert.Contains("wait for itself", unavailable.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(Length, 1)]
    [InlineData(Length - 1, 2)]
    [InlineData(long.MaxValue, 1)]
    public void NothingIsReadBeyondIt(long offset, int length)
    {
        using DemandMemory memory = new(Length, Number);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Read(offset, new byte[length]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-PageSize)]
    [InlineData(PageSize + 1)]
    public void ItHasWholePages(long length) => Assert.Throws<ArgumentOutOfRangeException>(() => new DemandMemory(length));

    private static bool Number(long offset, Span<byte> page)
    {
        page.Fill((byte)(offset / PageSize));
        return true;
    }

    // As native code would have it: EFAULT.
    private static void AssertSystemCallFails(DemandMemory memory, int page)
    {
        const int Efault = 14;
        int* ends = stackalloc int[2];
        Assert.Equal(0, pipe(ends));
        long written = (long)write(ends[1], (void*)(memory.Address + (page * PageSize)), 1);
        int error = errno;
        _ = close(ends[0]);
        _ = close(ends[1]);
        Assert.Equal((-1L, Efault), (written, error));
    }
}
