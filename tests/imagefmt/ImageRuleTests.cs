using System.Buffers;
using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Tests;

/// <summary>Images whose bytes and digests are right, and whose content is not.</summary>
public class ImageRuleTests
{
    private static readonly CheckpointRecord[] s_records = [.. Damage.SmallRecords()];

    [Fact]
    public void WhatTheWriterMakesAndWhatIsMadeWithoutItAreTheSame() =>
        Assert.Equal(Damage.SmallImage(), new RawImage(s_records, [Damage.SmallExtent()]).Build());

    [Fact]
    public void EveryRequiredRecordIsMissed() =>
        Assert.All(s_records[..4], missing => Refuse(s_records.Where(r => r != missing)));

    [Fact]
    public void NoRecordPrecedesTheHeader() => Refuse([s_records[1], s_records[0], .. s_records[2..]]);

    [Fact]
    public void SingularRecordsStandOnce() => Assert.All(s_records, twice => Refuse([.. s_records, twice]));

    [Fact]
    public void TheFirstThreadIsTheLeader() =>
        Refuse([.. s_records[..3], Samples.Thread(4712), s_records[3], .. s_records[4..]]);

    [Fact]
    public void IdsStandOnce() => Assert.All(
        Samples.All.Where(r => r is MappedFileRecord or MemoryObjectRecord or OpenFileRecord or DescriptorRecord),
        twice => Refuse([.. Samples.All, twice]));

    [Fact]
    public void ReferencesLeadSomewhere()
    {
        VmaRecord vma = Samples.Vma(0x1000, 0x2000, VmaKind.PrivateFile, 9, VmaProtection.Read);
        Refuse([.. s_records[..4], vma]);
        Refuse([.. s_records[..4], vma with { Kind = VmaKind.SharedFile }]);
        Refuse([.. s_records[..4], vma with { Kind = VmaKind.Object }]);
        Refuse([.. s_records[..4], vma with { Kind = VmaKind.PrivateObject }]);
        Refuse([.. s_records[..4], new ObjectFileRecord { Id = 1, StatusFlags = 0, ObjectId = 9, Offset = 0 }]);
        Refuse([.. s_records[..4], new DescriptorRecord { Number = 1, FileId = 9, CloseOnExec = false }]);
        Refuse([.. s_records[..4], new EpollRecord { Id = 1, StatusFlags = 0, Interests = [new EpollInterest(0, 9, 0, 0)] }]);
    }

    [Theory]
    [InlineData(0x1001, 0x3000, 0)]
    [InlineData(0x1000, 0x3001, 0)]
    [InlineData(0x3000, 0x3000, 0)]
    [InlineData(0x3000, 0x1000, 0)]
    [InlineData(0x1000, 0x3000, 1)]
    [InlineData(0x1000, 0x3000, 0xffff_ffff_ffff_f000)]
    public void VmasAreRangesOfPages(ulong start, ulong end, ulong offset) =>
        Refuse([.. s_records[..4], Samples.Vma(start, end, VmaKind.Anonymous, 0, VmaProtection.Read) with { Offset = offset }]);

    [Fact]
    public void VmasAscend()
    {
        VmaRecord low = Samples.Vma(0x1000, 0x3000, VmaKind.Anonymous, 0, VmaProtection.Read);
        Refuse([.. s_records[..4], low with { Start = 0x3000, End = 0x4000 }, low]);
        Refuse([.. s_records[..4], low, low with { Start = 0x2000, End = 0x4000 }]);
    }

    [Fact]
    public void PagesLieInMemory()
    {
        Refuse(s_records, SampleExtent.Of(new ExtentAddress(0, Samples.Heap + 0x40_0000), ExtentCodec.None, 1, [0]));
        Refuse(s_records, SampleExtent.Of(new ExtentAddress(1, 0), ExtentCodec.None, 1, [0]));
        CheckpointRecord small = Samples.Vma(Samples.Heap, Samples.Heap + 0x2000, VmaKind.Anonymous, 0, VmaProtection.Read);
        Refuse([.. s_records[..4], small], SampleExtent.Of(new ExtentAddress(0, Samples.Heap), ExtentCodec.Zstd, 1, [0, 2]));
    }

    [Fact]
    public void AnExtentStandsOnce() => Refuse(s_records, Damage.SmallExtent(), Damage.SmallExtent());

    [Fact]
    public void TheIndexTellsTheTruth()
    {
        Func<ExtentEntry, ExtentEntry>[] lies =
        [
            e => e with { Address = new ExtentAddress(0, Samples.Heap + ImageLayout.ExtentSpan) },
            e => e with { Address = new ExtentAddress(-1, Samples.Heap) },
            e => e with { Address = new ExtentAddress(0, Samples.Heap + 4096) },
            e => e with { RecordOffset = e.RecordOffset + 1 },
            e => e with { RecordOffset = -1 },
            e => e with { RecordOffset = long.MinValue },
            e => e with { PayloadOffset = e.PayloadOffset + 4096 },
            e => e with { PayloadOffset = e.PayloadOffset - 4096 },
            e => e with { PayloadOffset = long.MaxValue & ~4095L },
            e => e with { PayloadLength = e.PayloadLength - 1 },
            e => e with { PayloadLength = int.MaxValue },
            e => e with { PayloadLength = -1 },
            e => e with { PresentPages = 1 },
            e => e with { PresentPages = 0 },
            e => e with { PresentPages = int.MaxValue },
            e => e with { Codec = ExtentCodec.Zstd },
            e => e with { Codec = ExtentCodec.None },
            e => e with { HeaderChecksum = e.HeaderChecksum + 1 },
        ];
        foreach (Func<ExtentEntry, ExtentEntry> lie in lies)
        {
            byte[] image = new RawImage(s_records, [Damage.SmallExtent()]) { Entry = lie }.Build();
            Assert.IsType<ImageDamagedException>(Damage.Of(image));
        }
    }

    [Fact]
    public void UnknownRecordsAndKeysAreSkipped()
    {
        RawImage raw = new(s_records, [Damage.SmallExtent()]);
        raw.Records.Insert(1, Record("later", new Dictionary<string, object> { ["x"] = new object[] { 1, "two" } }));
        raw.Records[^1] = Record("descriptor", new Dictionary<string, object>
        {
            ["later"] = new byte[9],
            ["close-on-exec"] = true,
            ["file"] = 1,
            ["number"] = 5,
        });
        using CheckpointImage image = TestImage.Open(raw.Build());
        DescriptorRecord descriptor = Assert.Single(image.Checkpoint.Descriptors);
        Assert.Equal(new DescriptorRecord { Number = 5, FileId = 1, CloseOnExec = true }, descriptor);
        Assert.True(image.Verify().IsIntact);
    }

    [Fact]
    public void AMissingKeyAndAWrongTypeAreNamed()
    {
        RawImage raw = new(s_records);
        raw.Records[^1] = Record("descriptor", new Dictionary<string, object> { ["number"] = 5, ["close-on-exec"] = true });
        Assert.Contains("'file' is missing", Damage.Of(raw.Build())!.Message, StringComparison.Ordinal);
        raw.Records[^1] = Record("descriptor", new Dictionary<string, object> { ["number"] = "5", ["file"] = 1 });
        Assert.Contains("'number' is String, not Integer", Damage.Of(raw.Build())!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ANewerVersionIsNotCalledDamaged()
    {
        RawImage raw = new([Samples.Header with { Version = ImageLayout.Version + 1 }, .. s_records[1..]]);
        Assert.Equal(FailureReason.Unsupported, Damage.Of(raw.Build())!.Reason);
    }

    [Fact]
    public void TheWriterRefusesWhatAReaderWould()
    {
        using CheckpointWriter writer = CheckpointWriter.ToStream(new MemoryStream());
        writer.Write(Samples.Header);
        LazyRestoreException e = Assert.Throws<LazyRestoreException>(() => writer.Write(Samples.Header));
        Assert.Equal(FailureReason.Unsupported, e.Reason);
        Assert.Throws<LazyRestoreException>(() => writer.Write(Samples.Process with { Umask = 0x1000 }));
        Assert.Throws<LazyRestoreException>(writer.Commit);
    }

    private static void Refuse(IEnumerable<CheckpointRecord> records, params SampleExtent[] extents) =>
        Assert.IsType<ImageDamagedException>(Damage.Of(new RawImage(records, extents).Build()));

    private static byte[] Record(string kind, Dictionary<string, object> map)
    {
        ArrayBufferWriter<byte> output = new();
        MessagePackSerializer.Serialize(output, new object[] { kind, map }, MessagePack.Resolvers.ContractlessStandardResolver.Options);
        return output.WrittenSpan.ToArray();
    }
}
