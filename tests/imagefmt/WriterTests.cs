using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat.Tests;

public class WriterTests
{
    [Theory]
    [InlineData(0x7fff_ffe0_0000UL, 511)]
    [InlineData(Samples.Heap - ImageLayout.ExtentSpan, 511)]
    [InlineData(0x7f00_0000_0000UL, 0)]
    [InlineData(0UL, 0)]
    [InlineData(ulong.MaxValue - ImageLayout.ExtentSpan + 1, 511)]
    public void PagesWithoutMemoryAreRefusedAtOnce(ulong address, int page)
    {
        SampleExtent extent = SampleExtent.Of(new ExtentAddress(0, address), ExtentCodec.None, 1, [page]);
        using CheckpointWriter writer = CheckpointWriter.ToStream(new MemoryStream());
        LazyRestoreException e = Assert.Throws<LazyRestoreException>(() => TestImage.Fill(writer, Samples.All, [extent]));
        Assert.Equal(FailureReason.Unsupported, e.Reason);
        Assert.Equal(0, writer.PagesWritten);
    }

    [Fact]
    public void RecordsDoNotFollowExtentsAndNothingFollowsCommit()
    {
        using CheckpointWriter writer = CheckpointWriter.ToStream(new MemoryStream());
        TestImage.Fill(writer, Samples.All, SampleExtent.Some(ExtentCodec.None));
        Assert.Throws<InvalidOperationException>(() => writer.Write(Samples.Process));
        writer.Commit();
        Assert.Throws<ObjectDisposedException>(writer.Commit);
        Assert.Throws<ObjectDisposedException>(() => TestImage.Fill(writer, [], SampleExtent.Some(ExtentCodec.None)));
    }

    [Theory]
    [InlineData(ExtentCodec.None)]
    [InlineData(ExtentCodec.Lz4)]
    [InlineData(ExtentCodec.Zstd)]
    public void WritingExtentsAllocatesNextToNothing(ExtentCodec codec)
    {
        const int Rounds = 100;
        SampleExtent sample = SampleExtent.Of(new ExtentAddress(0, Samples.Heap), codec, 1, [.. Enumerable.Range(0, 512)]);
        using CheckpointWriter writer = CheckpointWriter.ToStream(Stream.Null);
        using ExtentEncoder encoder = new(codec);
        TestImage.Fill(writer, Samples.All, []);
        Write(Rounds);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Write(Rounds);

        // What remains is the list of index entries, which grows with the image.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Rounds * 512);

        void Write(int rounds)
        {
            for (int round = 0; round < rounds; round++)
            {
                writer.Write(encoder.Encode(sample.Address, sample.Presence, sample.Pages));
            }
        }
    }
}
