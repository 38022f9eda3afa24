using System.IO.Pipelines;

namespace LazyRestore.ImageFormat.Tests;

public sealed class StreamReaderTests : IDisposable
{
    private static readonly byte[] s_pages = new byte[ImageLayout.ExtentSpan];

    private readonly string _directory = Directory.CreateTempSubdirectory("imagefmt").FullName;

    [Theory]
    [InlineData(ExtentCodec.None, 7)]
    [InlineData(ExtentCodec.Lz4, 1)]
    [InlineData(ExtentCodec.Zstd, 5000)]
    [InlineData(ExtentCodec.None, 1 << 20)]
    public async Task AnImageIsReadInPiecesOfAnySize(ExtentCodec codec, int most)
    {
        byte[] image = TestImage.Sample(codec);
        using CheckpointStreamReader reader = new(PipeReader.Create(new ShortReadStream(image, most, seed: 1)));
        Checkpoint checkpoint = await reader.ReadRecordsAsync(TestContext.Current.CancellationToken);
        using CheckpointImage opened = TestImage.Open(image);
        Assert.Equal(RecordText.Of(opened.Checkpoint), RecordText.Of(checkpoint));
        byte[] pages = new byte[ImageLayout.ExtentSpan];
        foreach (SampleExtent extent in SampleExtent.Some(codec))
        {
            ExtentHeader? header = await reader.ReadExtentAsync(pages, TestContext.Current.CancellationToken);
            Assert.Equal(extent.Address, header!.Address);
            Assert.True(pages.AsSpan(0, extent.Pages.Length).SequenceEqual(extent.Pages));
        }

        Assert.Null(await reader.ReadExtentAsync(pages, TestContext.Current.CancellationToken));
        Assert.Null(await reader.ReadExtentAsync(pages, TestContext.Current.CancellationToken));
        Assert.Equal(opened.Index.Entries, reader.Index!.Entries);
        Assert.Equal(image.Length, reader.BytesRead);
    }

    [Fact]
    public async Task ExtentsAreGivenBeforeTheRestHasArrived()
    {
        byte[] image = TestImage.Sample(ExtentCodec.None);
        using CheckpointImage opened = TestImage.Open(image);
        Pipe pipe = new();
        using CheckpointStreamReader reader = new(pipe.Reader);
        int end = (int)opened.Index.Entries[0].EndOffset;
        Task writing = pipe.Writer.WriteAsync(image.AsMemory(0, end), TestContext.Current.CancellationToken).AsTask();
        await reader.ReadRecordsAsync(TestContext.Current.CancellationToken);
        Assert.NotNull(await reader.ReadExtentAsync(new byte[ImageLayout.ExtentSpan], TestContext.Current.CancellationToken));
        await writing;
        Assert.Equal(end, reader.BytesRead);
    }

    [Fact]
    public async Task TruncationAtEveryOffsetIsSeen()
    {
        byte[] image = Damage.SmallImage();
        for (int end = 0; end < image.Length; end++)
        {
            Assert.IsType<ImageDamagedException>(await DamageOf(image[..end]));
        }

        Assert.IsType<ImageDamagedException>(await DamageOf([.. image, 0xc0]));
    }

    [Fact]
    public async Task AFlippedBitInAnyByteIsSeen()
    {
        byte[] image = Damage.SmallImage();
        Assert.Null(await DamageOf(image));
        for (int offset = 0; offset < image.Length; offset++)
        {
            image[offset] ^= (byte)(1 << (offset % 8));
            Assert.True(await DamageOf(image) is not null, $"offset {offset}");
            image[offset] ^= (byte)(1 << (offset % 8));
        }
    }

    [Fact]
    public async Task MutatedImagesFareAsByRandomAccess()
    {
        byte[] image = TestImage.Write(Samples.All, [Damage.SmallExtent()]);
        for (int seed = 1; seed <= 1500; seed++)
        {
            byte[] mutated = FuzzTests.Mutate(image, new Random(seed));
            RawImage.Reseal(mutated);
            bool refused = Damage.Of(mutated) is not null;
            Assert.True((await DamageOf(mutated) is not null) == refused, $"seed {seed}");
        }
    }

    [Fact]
    public async Task AClaimedLengthIsNotAllocated()
    {
        byte[] image = Damage.SmallImage();
        int record = Damage.Borders(image).ElementAt(1);
        byte[] wild = Damage.WithLength(image, record + 9, 0xc6, 20 << 20);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        Assert.IsType<ImageDamagedException>(await DamageOf(wild));
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 16 << 20);
    }

    [Fact]
    public async Task ASpooledImageHasNoName()
    {
        byte[] image = TestImage.Sample(ExtentCodec.Zstd);
        await using ShortReadStream stream = new(image, 3000, seed: 2);
        using CheckpointImage spooled = await ImageSpool.ReadAsync(stream, _directory, TestContext.Current.CancellationToken);
        Assert.Empty(Directory.GetFileSystemEntries(_directory));
        Assert.Equal(image.Length, spooled.Bytes.Length);
        Assert.True(spooled.Verify().IsIntact);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(((FileImageBytes)spooled.Bytes).Handle));
    }

    [Fact]
    public async Task ADamagedStreamIsNotSpooledToItsEnd()
    {
        await using ShortReadStream stream = new(new byte[8 << 20], 4096, seed: 3);
        await Assert.ThrowsAsync<ImageDamagedException>(() => ImageSpool.ReadAsync(stream, _directory));
        Assert.InRange(stream.Position, 0, 1 << 20);
        LazyRestoreException e = await Assert.ThrowsAsync<LazyRestoreException>(
            () => ImageSpool.ReadAsync(stream, Path.Combine(_directory, "missing")));
        Assert.Equal(FailureReason.Failed, e.Reason);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static async Task<LazyRestoreException?> DamageOf(byte[] image)
    {
        PipeReader pipe = PipeReader.Create(new System.Buffers.ReadOnlySequence<byte>(image));
        using CheckpointStreamReader reader = new(pipe);
        try
        {
            await reader.ReadRecordsAsync(TestContext.Current.CancellationToken);
            while (await reader.ReadExtentAsync(s_pages, TestContext.Current.CancellationToken) is not null)
            {
            }

            return null;
        }
        catch (LazyRestoreException e)
        {
            return e;
        }
    }
}
