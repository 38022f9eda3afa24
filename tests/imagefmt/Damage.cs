using System.Buffers.Binary;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat.Tests;

/// <summary>What a reader finds wrong with bytes; any other exception than the promised ones fails the test.</summary>
internal static class Damage
{
    /// <summary>More than any small image may make a reader allocate.</summary>
    private const long AllocationBound = 32 << 20;

    /// <summary>The error for an image that is opened and verified as a whole; null when it is intact.</summary>
    public static LazyRestoreException? Of(byte[] image)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using CheckpointImage opened = TestImage.Open(image);
            return opened.Verify().Problem;
        }
        catch (ImageDamagedException e)
        {
            Assert.InRange(e.Offset, 0, image.Length);
            return e;
        }
        catch (LazyRestoreException e) when (e.Message.Contains("format version", StringComparison.Ordinal))
        {
            return e;
        }
        finally
        {
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, AllocationBound);
        }
    }

    /// <summary>An image of about 4 KiB and a compressed extent: small enough to be damaged everywhere.</summary>
    public static byte[] SmallImage() => TestImage.Write(SmallRecords(), [SmallExtent()]);

    public static IEnumerable<CheckpointRecord> SmallRecords() =>
    [
        Samples.Header, Samples.Process, Samples.Layout, Samples.Thread(4711) with { ExtendedState = Samples.Bytes(64, 1) },
        Samples.Vma(Samples.Heap, Samples.Heap + 0x40_0000, VmaKind.Anonymous, 0, VmaProtection.Read),
        new EventFdRecord { Id = 1, StatusFlags = 2, Count = 3, Semaphore = false },
        new DescriptorRecord { Number = 0, FileId = 1, CloseOnExec = false },
    ];

    public static SampleExtent SmallExtent() =>
        SampleExtent.Of(new ExtentAddress(0, Samples.Heap), ExtentCodec.Lz4, 1, [3, 4]);

    /// <summary>The places where the values of an image's stream begin.</summary>
    public static IEnumerable<int> Borders(byte[] image)
    {
        for (int position = 0; position < image.Length;)
        {
            yield return position;
            Assert.Equal(MessageFrame.Outcome.Complete, MessageFrame.Measure(image.AsSpan(position), out long length));
            position += (int)length;
        }
    }

    /// <summary>Puts a first byte and a length of 32 bits somewhere.</summary>
    public static byte[] WithLength(byte[] image, int offset, byte code, uint length)
    {
        byte[] copy = [.. image];
        copy[offset] = code;
        BinaryPrimitives.WriteUInt32BigEndian(copy.AsSpan(offset + 1), length);
        return copy;
    }
}
