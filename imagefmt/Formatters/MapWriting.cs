using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

/// <summary>Writes one value into a map that stands in a list.</summary>
internal delegate void MapItemWriter<T>(ref MessagePackWriter writer, T item);

/// <summary>Writes the fields of a map: a key and a value in one line.</summary>
internal static class MapWriting
{
    public static void Field(this ref MessagePackWriter writer, ReadOnlySpan<byte> key, ulong value)
    {
        writer.WriteString(key);
        writer.Write(value);
    }

    public static void Field(this ref MessagePackWriter writer, ReadOnlySpan<byte> key, long value)
    {
        writer.WriteString(key);
        writer.Write(value);
    }

    public static void Field(this ref MessagePackWriter writer, ReadOnlySpan<byte> key, bool value)
    {
        writer.WriteString(key);
        writer.Write(value);
    }

    public static void Field(this ref MessagePackWriter writer, ReadOnlySpan<byte> key, string value)
    {
        writer.WriteString(key);
        writer.Write(value);
    }

    public static void Field(this ref MessagePackWriter writer, ReadOnlySpan<byte> key, ReadOnlyMemory<byte> value)
    {
        writer.WriteString(key);
        writer.Write(value.Span);
    }

    public static void Field(this ref MessagePackWriter writer, ReadOnlySpan<byte> key, IReadOnlyList<uint> values)
    {
        writer.WriteString(key);
        writer.WriteArrayHeader(values.Count);
        foreach (uint value in values)
        {
            writer.Write(value);
        }
    }

    public static void Field(this ref MessagePackWriter writer, ReadOnlySpan<byte> key, IReadOnlyList<ReadOnlyMemory<byte>> values)
    {
        writer.WriteString(key);
        writer.WriteArrayHeader(values.Count);
        foreach (ReadOnlyMemory<byte> value in values)
        {
            writer.Write(value.Span);
        }
    }

    public static void Field<T>(this ref MessagePackWriter writer, ReadOnlySpan<byte> key, T value, MapItemWriter<T> write)
    {
        writer.WriteString(key);
        write(ref writer, value);
    }

    public static void Field<T>(
        this ref MessagePackWriter writer, ReadOnlySpan<byte> key, IReadOnlyList<T> values, MapItemWriter<T> write)
    {
        writer.WriteString(key);
        writer.WriteArrayHeader(values.Count);
        foreach (T value in values)
        {
            write(ref writer, value);
        }
    }
}
