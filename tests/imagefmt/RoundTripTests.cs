using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat.Tests;

public class RoundTripTests
{
    [Fact]
    public void EveryKindOfRecordComesBackAsItWas()
    {
        using CheckpointImage image = TestImage.Open(TestImage.Write(Samples.All, []));
        Checkpoint checkpoint = image.Checkpoint;
        IEnumerable<CheckpointRecord> read =
        [
            checkpoint.Header, checkpoint.Process, checkpoint.Layout, .. checkpoint.Threads, .. checkpoint.Vmas,
            .. checkpoint.MappedFiles, .. checkpoint.Objects, .. checkpoint.Files, .. checkpoint.Descriptors, .. checkpoint.Locks, .. checkpoint.Owners,
            .. checkpoint.Segments, .. checkpoint.Semaphores, .. checkpoint.Queues, .. checkpoint.Zombies,
        ];
        Assert.Equal(Samples.All.Select(RecordText.Of), read.Select(RecordText.Of));
    }

    [Fact]
    public void TheSamplesHoldEveryKindOfRecord()
    {
        IEnumerable<Type> all = typeof(CheckpointRecord).Assembly.GetTypes()
            .Where(t => t.IsSubclassOf(typeof(CheckpointRecord)) && !t.IsAbstract);
        Assert.Empty(all.Except(Samples.All.Select(r => r.GetType())));
    }

    [Theory]
    [InlineData(ExtentCodec.None)]
    [InlineData(ExtentCodec.Lz4)]
    [InlineData(ExtentCodec.Zstd)]
    public void EveryPageComesBackAsItWas(ExtentCodec codec)
    {
        IReadOnlyList<SampleExtent> extents = SampleExtent.Some(codec);
        using CheckpointImage image = TestImage.Open(TestImage.Write(Samples.All, extents.Reverse()));
        Assert.Equal(extents.Select(e => e.Address), image.Index.Entries.Select(e => e.Address));
        Assert.Equal(extents.Sum(e => e.Presence.Count), image.Index.TotalPages);
        byte[] page = new byte[ImageLayout.PageSize];
        byte[] pages = new byte[ImageLayout.ExtentSpan];
        foreach ((SampleExtent extent, ExtentEntry entry) in extents.Zip(image.Index.Entries))
        {
            ExtentHeader header = image.ReadHeader(entry);
            Assert.Equal(extent.Presence, header.Presence);
            Assert.Equal(0, entry.PayloadOffset % ImageLayout.PageSize);
            image.ReadPages(entry, header, pages);
            Assert.True(extent.Pages.AsSpan().SequenceEqual(pages.AsSpan(0, extent.Pages.Length)));
            for (int ordinal = 0; ordinal < header.PresentPages; ordinal++)
            {
                image.ReadPage(entry, header, ordinal, page);
                Assert.True(extent.Pages.AsSpan(ordinal * ImageLayout.PageSize, ImageLayout.PageSize).SequenceEqual(page));
            }
        }

        Assert.True(image.Verify().IsIntact);
    }

    [Fact]
    public void OpeningDoesNotTouchTheExtents()
    {
        byte[] image = TestImage.Sample(ExtentCodec.None);
        MemoryImageBytes bytes = new(image);
        using CheckpointImage opened = CheckpointImage.Open(bytes);
        long extents = opened.Index.Entries.Sum(e => e.EndOffset - e.RecordOffset);
        Assert.InRange(bytes.BytesRead, 1, (2 * (image.Length - extents)) + ImageLimits.Header);
    }
}
