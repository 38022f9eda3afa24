using LazyRestore.ImageFormat.Formatters;

namespace LazyRestore.ImageFormat.Tests;

public class DamagedImageTests
{
    private static readonly byte[] s_small = Damage.SmallImage();

    [Fact]
    public void AnImageIsOneStreamOfMessagePackValues()
    {
        byte[] image = TestImage.Sample(ExtentCodec.Zstd);
        Assert.Equal(Samples.All.Count + SampleExtent.Some(ExtentCodec.Zstd).Count + 2, Damage.Borders(image).Count());
    }

    [Fact]
    public void TruncationAtEveryBorderIsSeen()
    {
        byte[] image = TestImage.Sample(ExtentCodec.None);
        Assert.All(Damage.Borders(image), end => Assert.IsType<ImageDamagedException>(Damage.Of(image[..end])));
    }

    [Fact]
    public void TruncationAtEveryOffsetIsSeen()
    {
        for (int end = 0; end < s_small.Length; end++)
        {
            Assert.IsType<ImageDamagedException>(Damage.Of(s_small[..end]));
        }
    }

    [Fact]
    public void BytesAfterTheTrailerAreSeen() => Assert.IsType<ImageDamagedException>(Damage.Of([.. s_small, 0xc0]));

    [Fact]
    public void AFlippedBitInAnyByteIsSeen()
    {
        byte[] image = [.. s_small];
        Assert.Null(Damage.Of(image));
        for (int offset = 0; offset < image.Length; offset++)
        {
            // The lowest and the highest bit, which change kinds and lengths, and one that moves from byte to byte.
            foreach (int bit in (int[])[0, 7, 1 + (offset % 6)])
            {
                image[offset] ^= (byte)(1 << bit);
                Assert.True(Damage.Of(image) is not null, $"bit {bit} at offset {offset}");
                image[offset] ^= (byte)(1 << bit);
            }
        }
    }

    [Theory]
    [InlineData(ExtentCodec.None)]
    [InlineData(ExtentCodec.Lz4)]
    [InlineData(ExtentCodec.Zstd)]
    public void DamagedPayloadNamesThePlace(ExtentCodec codec)
    {
        byte[] image = TestImage.Sample(codec);
        ExtentEntry entry;
        using (CheckpointImage opened = TestImage.Open(image))
        {
            entry = opened.Index.Entries[1];
        }

        image[entry.PayloadOffset + 7] ^= 1;
        ImageDamagedException problem = Assert.IsType<ImageDamagedException>(Damage.Of(image));
        Assert.Equal("extent", problem.Record);
        Assert.InRange(problem.Offset, entry.PayloadOffset, entry.EndOffset - 1);
    }

    [Theory]
    [InlineData(0xdd)]
    [InlineData(0xdf)]
    [InlineData(0xc6)]
    [InlineData(0xdb)]
    [InlineData(0xc9)]
    public void WildLengthsAllocateNothing(byte code)
    {
        foreach (uint length in (uint[])[uint.MaxValue, int.MaxValue - 9])
        {
            for (int offset = 0; offset < s_small.Length - 5; offset++)
            {
                bool uniform = offset > 8 && s_small.AsSpan(offset - 8, 13).IndexOfAnyExcept((byte)0) < 0;
                if (!uniform)
                {
                    byte[] image = Damage.WithLength(s_small, offset, code, length);
                    RawImage.Reseal(image);
                    _ = Damage.Of(image);
                }
            }
        }
    }

    [Theory]
    [InlineData(ulong.MaxValue, 0)]
    [InlineData(0, ulong.MaxValue)]
    [InlineData(long.MaxValue, long.MaxValue)]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(100, 50)]
    public void TrailersThatPointAnywhereAreSeen(ulong records, ulong index)
    {
        RawImage raw = new(Damage.SmallRecords(), [Damage.SmallExtent()]) { Trailer = _ => new Trailer((long)records, (long)index) };
        Assert.IsType<ImageDamagedException>(Damage.Of(raw.Build()));
    }

    [Fact]
    public void AnIndexOfEmptyEntriesAllocatesNoTable()
    {
        byte[] image = new RawImage(Damage.SmallRecords()).Build();
        int index = Damage.Borders(image).SkipLast(1).Last();
        byte[] entries = new byte[4 << 20];
        entries.AsSpan().Fill(0x90);
        byte[] wild = [.. image[..(index + 16)], 0xdd, 0, 0x40, 0, 0, .. entries, .. image[^TrailerFormat.Length..]];
        Assert.Equal(0x90, image[index + 16]);
        RawImage.Reseal(wild);
        Assert.IsType<ImageDamagedException>(Damage.Of(wild));
    }

    [Theory]
    [InlineData("")]
    [InlineData("#!/bin/sh\n")]
    [InlineData("\u0001")]
    [InlineData("\u007fELF, and then much more that is no image, for it has to be longer than a trailer is")]
    public void OtherFilesAreCalledNoImage(string content)
    {
        ImageDamagedException e = Assert.IsType<ImageDamagedException>(Damage.Of(System.Text.Encoding.UTF8.GetBytes(content)));
        Assert.Equal(("header", 0), (e.Record, e.Offset));
        Assert.Contains("not a checkpoint image", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherFormatThatHasAHeaderIsCalledNoImage()
    {
        byte[] image = Damage.SmallImage();
        image[image.AsSpan().IndexOf("lazyrestore-checkpoint"u8)] = (byte)'c';
        ImageDamagedException e = Assert.IsType<ImageDamagedException>(Damage.Of(image));
        Assert.Equal(("header", 0), (e.Record, e.Offset));
        Assert.Contains("not a checkpoint image", e.Message, StringComparison.Ordinal);
    }
}
