using LazyRestore.Agent.Costs;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.ImageFormat.Tests;
using LazyRestore.Restore.Plan;
using Xunit;

namespace LazyRestore.Restore.Tests;

/// <summary>Which memory is moved, and whether in huge pages, by what the process had, the user wants and the host does.</summary>
public sealed class MoverChoiceTests
{
    private const ulong Start = 0x7f00_0000_0000;
    private const ulong End = Start + (2 * ImageLayout.ExtentSpan);

    private static readonly VmaRecord s_plain =
        Samples.Vma(Start, End, VmaKind.Anonymous, 0, VmaProtection.Read | VmaProtection.Write);

    private static readonly VmaRecord s_advised = s_plain with { Flags = VmaFlags.HugePage };

    [Theory]
    [InlineData("auto", "auto", "madvise", false, false)]
    [InlineData("auto", "auto", "always", true, true)]
    [InlineData("auto", "auto", "never", false, false)]
    [InlineData("auto", "always", "madvise", true, true)]
    [InlineData("auto", "never", "always", false, false)]
    [InlineData("copy", "always", "always", false, false)]
    [InlineData("move", "auto", "madvise", true, true)]
    [InlineData("move", "never", "madvise", true, false)]
    [InlineData("move", "auto", "never", true, false)]
    public void PlainMemory(string placement, string hugePages, string host, bool moves, bool inHugePages) =>
        Assert.Equal((moves, inHugePages), Choose(s_plain, placement, hugePages, host));

    [Theory]
    [InlineData("auto", "auto", "madvise", true, true)]
    [InlineData("auto", "never", "madvise", false, false)]
    [InlineData("copy", "auto", "madvise", false, false)]
    public void MemoryThatAskedForHugePages(string placement, string hugePages, string host, bool moves, bool inHugePages) =>
        Assert.Equal((moves, inHugePages), Choose(s_advised, placement, hugePages, host));

    [Fact]
    public void MemoryThatHadHugePagesGetsThemAgain() =>
        Assert.Equal((true, true), Choose(s_plain with { HadHugePages = true }, "auto", "auto", "madvise"));

    [Theory]
    [InlineData(VmaProtection.Read, VmaFlags.HugePage)]
    [InlineData(VmaProtection.Read | VmaProtection.Write | VmaProtection.Execute, VmaFlags.HugePage)]
    [InlineData(VmaProtection.Read | VmaProtection.Write, VmaFlags.HugePage | VmaFlags.Locked)]
    [InlineData(VmaProtection.Read | VmaProtection.Write, VmaFlags.NoHugePage)]
    [InlineData(VmaProtection.Read | VmaProtection.Write, VmaFlags.GrowsDown)]
    public void MemoryThatTheKernelWouldRefuse(VmaProtection protection, VmaFlags flags) =>
        Assert.False(Choose(s_plain with { Protection = protection, Flags = flags }, "auto", "always", "always").Moves);

    [Theory]
    [InlineData("auto", "never", "madvise", true)]
    [InlineData("auto", "auto", "never", true)]
    [InlineData("auto", "auto", "madvise", false)]
    [InlineData("copy", "never", "madvise", false)]
    public void WhereMovingSmallPagesIsCheaperTheyAreMoved(string placement, string hugePages, string host, bool moves) =>
        Assert.Equal((moves, false), Choose(s_plain, placement, hugePages, host, costs: new PlacementCosts(
        [
            new(PlacementKind.Copy, InHugePages: false, ImageLayout.PagesPerExtent, 1, 900),
            new(PlacementKind.FillAndMove, InHugePages: false, ImageLayout.PagesPerExtent, 1, 800),
        ])));

    [Fact]
    public void MemoryWithHolesIsCopied() =>
        Assert.False(Choose(s_advised, "auto", "auto", "madvise", presentPages: 511).Moves);

    [Fact]
    public void AProcessThatDeclinedHugePagesGetsNone() =>
        Assert.False(Choose(s_advised, "auto", "always", "always", Samples.Process with { HugePagesDisabled = true }).Moves);

    private static (bool Moves, bool InHugePages) Choose(
        VmaRecord vma, string placement, string hugePages, string host, ProcessRecord? process = null, int presentPages = 512,
        PlacementCosts? costs = null)
    {
        ExtentEntry extent = new()
        {
            Address = new ExtentAddress(ExtentAddress.Process, Start),
            RecordOffset = 0,
            PayloadOffset = 4096,
            PayloadLength = 4096,
            PresentPages = presentPages,
            Codec = ExtentCodec.None,
            HeaderChecksum = 0,
        };
        RestoreOptions options = new()
        {
            ImagePath = "image",
            Placement = Enum.Parse<PlacementPolicy>(placement, ignoreCase: true),
            HugePages = Enum.Parse<HugePagePolicy>(hugePages, ignoreCase: true),
        };
        HostHugePages hostPolicy = host switch
        {
            "always" => HostHugePages.Always,
            "madvise" => HostHugePages.Advised,
            _ => HostHugePages.Never,
        };
        var choice = MoverChoice.Make(
            process ?? Samples.Process with { HugePagesDisabled = false }, [vma], new ArraySegment<ExtentEntry>([extent]), options, hostPolicy, () => costs);
        return (choice.IsWanted, choice.IsWanted && choice.InHugePages);
    }
}
