using MessagePack;

namespace LazyRestore.ImageFormat.Tests;

public class MessageFrameTests
{
    /// <summary>A value for every first byte of MessagePack that has one, with what it needs behind it.</summary>
    public static TheoryData<string> Values =>
    [
        "00", "7f", "e0", "ff", "c0", "c2", "c3", "80", "81a16b01", "90", "9301a1780f", "a0", "a3616263",
        "c400", "c4020102", "c50003010203", "c60000000101", "c7010501", "c800020a0102", "c9000000010501",
        "ca00000000", "cb0000000000000000", "cc01", "cd0001", "ce00000001", "cf0000000000000001",
        "d001", "d10001", "d200000001", "d30000000000000001", "d40100", "d5010001", "d60100010203", "d7010001020304050607",
        "d801000102030405060708090a0b0c0d0e0f", "d90161", "da000161", "db0000000161",
        "dc000201c0", "dd0000000201c0", "de0001a16b01", "df00000001a16b01", "92929290c0c4020102c3",
    ];

    [Theory]
    [MemberData(nameof(Values))]
    public void AValueEndsWhereTheDecoderSaysSo(string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        MessagePackReader reader = new(bytes);
        reader.Skip();
        Assert.Equal(bytes.Length, reader.Consumed);
        Assert.Equal(MessageFrame.Outcome.Complete, MessageFrame.Measure([.. bytes, 0xc1], out long length));
        Assert.Equal(bytes.Length, length);
        for (int cut = 0; cut < bytes.Length; cut++)
        {
            Assert.Equal(MessageFrame.Outcome.Incomplete, MessageFrame.Measure(bytes.AsSpan(0, cut), out long least));
            Assert.InRange(least, 1, bytes.Length);
        }
    }

    [Fact]
    public void TheOneUnusedByteIsInvalid()
    {
        Assert.Equal(MessageFrame.Outcome.Invalid, MessageFrame.Measure([0x92, 0x01, 0xc1], out long length));
        Assert.Equal(2, length);
    }

    [Fact]
    public void NestingOfAnyDepthIsMeasured()
    {
        byte[] deep = new byte[1_000_000];
        deep.AsSpan().Fill(0x91);
        deep[^1] = 0xc0;
        Assert.Equal(MessageFrame.Outcome.Complete, MessageFrame.Measure(deep, out long length));
        Assert.Equal(deep.Length, length);
    }

    [Fact]
    public void WildLengthsAreOnlyNumbers()
    {
        Assert.Equal(MessageFrame.Outcome.Incomplete, MessageFrame.Measure([0xc6, 0xff, 0xff, 0xff, 0xff], out long length));
        Assert.Equal(5L + uint.MaxValue, length);
        Assert.Equal(MessageFrame.Outcome.Incomplete, MessageFrame.Measure([0xdf, 0xff, 0xff, 0xff, 0xff], out length));
        Assert.Equal(5L + (2L * uint.MaxValue), length);
    }
}
