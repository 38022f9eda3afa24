using System.Text;
using LazyRestore.ImageFormat.Formatters;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat.Tests;

/// <summary>What is done to every key of every kind of record.</summary>
public class KeyTests
{
    /// <summary>Values that hold nil as well as a value.</summary>
    private static readonly string[] s_optional = ["rseq", "sleep-remaining"];

    public static TheoryData<string> Kinds => [.. Samples.All.Select(RecordFormat.KindOf).Distinct()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void EveryKeyIsRequired(string kind) => Assert.All(Keys(kind), key =>
    {
        ImageDamagedException damage = AssertDamaged(kind, fields => fields.Where(f => f.Key != key));
        Assert.Contains($"'{key}' is missing", damage.Message);
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void NoKeyStandsTwice(string kind) => Assert.All(Keys(kind), key =>
    {
        ImageDamagedException damage = AssertDamaged(kind, fields => fields.Append(fields.Single(f => f.Key == key)));
        Assert.Contains($"'{key}' stands twice", damage.Message);
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void EveryKeyHasItsType(string kind)
    {
        foreach (string key in Keys(kind))
        {
            byte[][] values =
            [
                [0xc0], [0xc1], [0xc3], [0x90], [0x80], [0xa0], [0xca, 0, 0, 0, 0], [0xd4, 1, 1], [0xc4, 0], [0x91, 0xc0],
                [0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0], [0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
                [0xc6, 0xff, 0xff, 0xff, 0xff], [0xdb, 0xff, 0xff, 0xff, 0xff], [0xdd, 0xff, 0xff, 0xff, 0xff],
                [0xdf, 0x7f, 0xff, 0xff, 0xff],
            ];
            int accepted = values.Count(value => TryRead(kind, fields => fields.Select(f => f.Key == key ? new(key, value) : f)) is null);

            // A number takes either of the two or both, bytes and texts their own empty value, an optional value nil.
            Assert.InRange(accepted, 0, s_optional.Contains(key) ? 3 : 2);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void TheOrderOfKeysDoesNotMatter(string kind) => Assert.Null(TryRead(kind, fields => fields.Reverse()));

    [Theory]
    [InlineData("process", "umask", "cd0200")]
    [InlineData("process", "pid", "00")]
    [InlineData("process", "dumpable", "03")]
    [InlineData("process", "oom-score-adjustment", "cd03e9")]
    [InlineData("process", "executable", "a2c328")]
    [InlineData("thread", "registers", "c401ff")]
    [InlineData("thread", "parent-death-signal", "41")]
    [InlineData("thread", "pending-signals", "91c40100")]
    [InlineData("vma", "kind", "a478797a7a")]
    [InlineData("vma", "protection", "08")]
    [InlineData("vma", "flags", "cd2000")]
    [InlineData("header", "page-size", "cd2000")]
    [InlineData("header", "image-id", "c40100")]
    [InlineData("header", "version", "00")]
    [InlineData("header", "version", "ff")]
    [InlineData("external-stream", "stream", "03")]
    [InlineData("object", "size", "ff")]
    public void ImpossibleValuesAreRefused(string kind, string key, string hex)
    {
        ImageDamagedException damage = AssertDamaged(
            kind, fields => fields.Select(f => f.Key == key ? new(key, Convert.FromHexString(hex)) : f));
        Assert.Contains($"'{key}'", damage.Message);
    }

    [Fact]
    public void MoreKeysThanAMapMayHaveAreRefused() => AssertDamaged(
        "vma", fields => fields.Concat(Enumerable.Range(0, 60).Select(n => new Field($"k{n}", [0xc0]))));

    private static IEnumerable<string> Keys(string kind) => Fields(kind).Select(f => f.Key);

    private static ImageDamagedException AssertDamaged(string kind, Func<IEnumerable<Field>, IEnumerable<Field>> change)
    {
        ImageDamagedException damage = Assert.IsType<ImageDamagedException>(TryRead(kind, change));
        Assert.Equal(kind, damage.Record);
        Assert.InRange(damage.Offset, 1000, 1000 + (1 << 16));
        return damage;
    }

    /// <summary>Changes a record and reads it as if it stood at offset 1000; gives the error.</summary>
    private static LazyRestoreException? TryRead(string kind, Func<IEnumerable<Field>, IEnumerable<Field>> change)
    {
        List<Field> fields = [.. change(Fields(kind))];
        List<byte> bytes = [0x92, 0xd9, (byte)kind.Length, .. Encoding.ASCII.GetBytes(kind), 0xde, 0, (byte)fields.Count];
        foreach (Field field in fields)
        {
            bytes.AddRange([0xd9, (byte)field.Key.Length, .. Encoding.ASCII.GetBytes(field.Key), .. field.Value]);
        }

        byte[] record = [.. bytes];
        try
        {
            RecordHead head = RecordHead.Read(record, "test", 1000);
            int length = MessageFrame.RequireWhole(record, kind, 1000);
            Assert.NotNull(RecordFormat.Read(record.AsMemory(0, length), head, 1000));
            return null;
        }
        catch (LazyRestoreException e)
        {
            return e;
        }
    }

    /// <summary>The keys of the sample record of a kind with their encoded values.</summary>
    private static List<Field> Fields(string kind)
    {
        byte[] record = RawImage.Bytes(Samples.All.First(r => RecordFormat.KindOf(r) == kind));
        int position = RecordHead.Read(record, "test", 1).MapStart;
        int header = record[position] == 0xde ? 3 : 1;
        int count = header == 3 ? record[position + 2] : record[position] & 0x0f;
        position += header;
        List<Field> fields = [];
        for (int index = 0; index < count; index++)
        {
            int keyLength = record[position] & 0x1f;
            string key = Encoding.ASCII.GetString(record, position + 1, keyLength);
            position += 1 + keyLength;
            int valueLength = MessageFrame.RequireWhole(record.AsSpan(position), kind, 0);
            fields.Add(new Field(key, record[position..(position + valueLength)]));
            position += valueLength;
        }

        Assert.Equal(record.Length, position);
        return fields;
    }

    private readonly record struct Field(string Key, byte[] Value);
}
