using System.Buffers.Binary;
using LazyRestore.Agent.OwnMemory;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Tests.OwnMemory;

/// <summary>The examples of docs/library.md, which has everything between the marks.</summary>
internal static class Examples
{
    internal static unsafe (long Moved, int First) MovePages()
    {
        // <example move>
        const int Length = 4 << 20;
        void* from = mmap(null, Length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        void* to = mmap(null, Length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        new Span<byte>(from, Length).Fill(7);

        using PageTransfer transfer = new();
        TransferResult result = transfer.Move((nint)from, (nint)to, Length);
        int first = *(byte*)to; // 7; result.MovedBytes is all of it, and *from reads as zero now
        // </example>
        Assert.Equal(0, *(byte*)from);
        _ = munmap(from, Length);
        _ = munmap(to, Length);
        return (result.MovedBytes, first);
    }

    internal static (long Value, long Missing) FillOnDemand()
    {
        // <example demand>
        // A terabyte of the numbers 0, 1, 2, … that exists where it is looked at; there is nothing behind the first gigabyte.
        using DemandMemory numbers = new(1L << 40, (offset, page) =>
        {
            for (int i = 0; i < page.Length; i += sizeof(long))
            {
                BinaryPrimitives.WriteInt64LittleEndian(page[i..], (offset + i) / sizeof(long));
            }

            return offset < 1 << 30;
        });

        Span<byte> bytes = stackalloc byte[sizeof(long)];
        numbers.Read(123_456L * sizeof(long), bytes);
        long value = BinaryPrimitives.ReadInt64LittleEndian(bytes); // 123456

        long missing = -1;
        try
        {
            numbers.Read(1L << 35, bytes);
        }
        catch (UnavailablePageException unavailable)
        {
            missing = unavailable.Offset; // 1 << 35
        }
        // </example>

        return (value, missing);
    }
}
