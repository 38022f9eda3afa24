using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Tests.Output;

/// <summary>Hex dumps as hexdump -C makes them.</summary>
public sealed class HexDumpTests
{
    [Fact]
    public void ShowsAddressesBytesAndCharacters() => Assert.Equal(
        "7f0000001000  4c 61 7a 79 52 65 73 74  6f 72 65 00 ff 20 7e 7f  |LazyRestore.. ~.|\n",
        HexDump.Of([.. "LazyRestore"u8, 0x00, 0xff, 0x20, 0x7e, 0x7f], 0x7f00_0000_1000));

    [Fact]
    public void AShortLastRowKeepsItsPlace() => Assert.Equal(
        "000000000000  41 42                                             |AB|\n", HexDump.Of("AB"u8, 0));

    [Fact]
    public void RepeatedRowsAreLeftOutButTheLast()
    {
        string[] rows = HexDump.Of(new byte[4096], 0).TrimEnd().Split('\n');

        Assert.Equal(3, rows.Length);
        Assert.StartsWith("000000000000 ", rows[0], StringComparison.Ordinal);
        Assert.Equal("*", rows[1]);
        Assert.StartsWith("000000000ff0 ", rows[2], StringComparison.Ordinal);
    }
}
