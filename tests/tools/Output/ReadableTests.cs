using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Tests.Output;

/// <summary>Quantities as people read them.</summary>
public sealed class ReadableTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1.00 KiB")]
    [InlineData(1536, "1.50 KiB")]
    [InlineData(20_480, "20.0 KiB")]
    [InlineData(1_073_741_824, "1.00 GiB")]
    [InlineData(long.MaxValue, "8.00 EiB")]
    public void Bytes(long bytes, string text) => Assert.Equal(text, Readable.Bytes(bytes));

    [Theory]
    [InlineData(0, "0 µs")]
    [InlineData(999, "999 µs")]
    [InlineData(1_000, "1.00 ms")]
    [InlineData(12_340, "12.3 ms")]
    [InlineData(999_000, "999 ms")]
    [InlineData(61_000_000, "61.0 s")]
    public void Duration(long microseconds, string text) =>
        Assert.Equal(text, Readable.Duration(TimeSpan.FromMicroseconds(microseconds)));

    [Theory]
    [InlineData(1, 0, "-")]
    [InlineData(1, 3, "33.3 %")]
    [InlineData(2, 2, "100 %")]
    public void Percent(long part, long whole, string text) => Assert.Equal(text, Readable.Percent(part, whole));
}
