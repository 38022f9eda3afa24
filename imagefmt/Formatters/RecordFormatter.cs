using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

/// <summary>Turns the records of one kind into maps and back.</summary>
internal abstract class RecordFormatter
{
    /// <summary>The kind, first element of the record's array.</summary>
    public abstract string Kind { get; }

    /// <summary>The type of the records.</summary>
    public abstract Type RecordType { get; }

    /// <summary>Writes the record's map.</summary>
    public abstract void WriteMap(ref MessagePackWriter writer, CheckpointRecord record);

    /// <summary>Makes the record out of its map.</summary>
    public abstract CheckpointRecord ReadMap(ref MapReader map);
}

/// <summary>A formatter for records of one type.</summary>
internal abstract class RecordFormatter<T>(string kind) : RecordFormatter
    where T : CheckpointRecord
{
    /// <inheritdoc/>
    public sealed override string Kind => kind;

    /// <inheritdoc/>
    public sealed override Type RecordType => typeof(T);

    /// <inheritdoc/>
    public sealed override void WriteMap(ref MessagePackWriter writer, CheckpointRecord record) => Write(ref writer, (T)record);

    /// <inheritdoc/>
    public sealed override CheckpointRecord ReadMap(ref MapReader map) => Read(ref map);

    /// <summary>Writes the fields, in the order of the specification.</summary>
    protected abstract void Write(ref MessagePackWriter writer, T record);

    /// <summary>Reads the fields, in the same order.</summary>
    protected abstract T Read(ref MapReader map);
}
