using System.Text;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

/// <summary>The beginning of a record: the header of its array, and its kind.</summary>
/// <param name="Kind">The first element.</param>
/// <param name="Elements">How many elements the array has.</param>
/// <param name="MapStart">Where the second element begins.</param>
internal readonly record struct RecordHead(string Kind, int Elements, int MapStart)
{
    /// <summary>Bytes that hold any head: the header of an array of up to 15 elements, and a kind.</summary>
    public const int MaxLength = 3 + ImageLimits.Kind;

    /// <summary>Reads the head at the beginning of <paramref name="bytes"/>.</summary>
    /// <param name="bytes">At least <see cref="MaxLength"/> bytes, or what is left.</param>
    /// <param name="previous">The kind of the record before, which an error names: <c>header</c> at the beginning.</param>
    /// <param name="offset">Where the record begins in the image.</param>
    public static RecordHead Read(ReadOnlySpan<byte> bytes, string previous, long offset)
    {
        if (bytes.IsEmpty && offset > 0)
        {
            throw new ImageDamagedException(previous, offset, "the image ends here");
        }

        int elements = bytes.Length < 3 ? 0 : bytes[0] - MessagePackCode.MinFixArray;
        if (elements is < 2 or > 15)
        {
            throw NoRecord(previous, offset);
        }

        (int start, int length) = bytes[1] switch
        {
            >= MessagePackCode.MinFixStr and <= MessagePackCode.MaxFixStr => (2, bytes[1] - MessagePackCode.MinFixStr),
            MessagePackCode.Str8 => (3, bytes[2]),
            _ => throw NoRecord(previous, offset),
        };
        if (length is 0 or > ImageLimits.Kind || bytes.Length < start + length)
        {
            throw NoRecord(previous, offset);
        }

        return new RecordHead(Encoding.UTF8.GetString(bytes.Slice(start, length)), elements, start + length);
    }

    private static ImageDamagedException NoRecord(string previous, long offset) => offset == 0
        ? new ImageDamagedException("header", 0, "this is not a checkpoint image")
        : new ImageDamagedException(previous, offset, $"no record begins here, after the {previous} record");
}
