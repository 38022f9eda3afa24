using System.Buffers;
using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

/// <summary>A record in the stream: an array of its kind and its map.</summary>
internal static class RecordFormat
{
    private static readonly RecordFormatter[] s_formatters =
    [
        new HeaderFormatter(), new ProcessFormatter(), new LayoutFormatter(), new ThreadFormatter(), new VmaFormatter(),
        new MappedFileFormatter(), new MemoryObjectFormatter(), new PathFileFormatter(), new ObjectFileFormatter(),
        new PipeFormatter(), new ExternalStreamFormatter(), new EventFdFormatter(), new EpollFormatter(), new TimerFdFormatter(),
        new SignalFdFormatter(), new UnixSocketFormatter(), new InetSocketFormatter(), new TcpConnectionFormatter(), new DescriptorFormatter(),
        new InotifyFormatter(), new PidFdFormatter(), new NamedPipeFormatter(), new MessageQueueFormatter(), new NetlinkSocketFormatter(),
        new FileLockFormatter(), new FileOwnerFormatter(), new ZombieFormatter(), new TerminalMasterFormatter(), new TerminalFormatter(), new TerminalJobFormatter(),
        new SystemVSegmentFormatter(), new SystemVSemaphoresFormatter(), new SystemVQueueFormatter(),
    ];

    private static readonly Dictionary<string, RecordFormatter> s_byKind = s_formatters.ToDictionary(f => f.Kind);
    private static readonly Dictionary<Type, RecordFormatter> s_byType = s_formatters.ToDictionary(f => f.RecordType);

    /// <summary>The kind of a record.</summary>
    public static string KindOf(CheckpointRecord record) => s_byType[record.GetType()].Kind;

    /// <summary>Writes a record.</summary>
    public static void Write(IBufferWriter<byte> output, CheckpointRecord record)
    {
        RecordFormatter formatter = s_byType[record.GetType()];
        MessagePackWriter writer = new(output);
        writer.WriteArrayHeader(2);
        writer.Write(formatter.Kind);
        formatter.WriteMap(ref writer, record);
        writer.Flush();
    }

    /// <summary>Reads the record that <paramref name="bytes"/> hold from first to last; null for a kind this version does not know.</summary>
    /// <param name="bytes">A whole MessagePack value.</param>
    /// <param name="head">What <see cref="RecordHead.Read"/> made of its beginning.</param>
    /// <param name="offset">Where the record begins in the image.</param>
    public static CheckpointRecord? Read(ReadOnlyMemory<byte> bytes, RecordHead head, long offset)
    {
        if (!s_byKind.TryGetValue(head.Kind, out RecordFormatter? formatter))
        {
            return null;
        }

        try
        {
            MapReader map = new(bytes, head.MapStart, head.Kind, offset);
            return formatter.ReadMap(ref map);
        }
        catch (Exception e) when (IsDecoderError(e))
        {
            throw new ImageDamagedException(head.Kind, offset, e.Message, e);
        }
    }

    /// <summary>Reads a record as above and adds it to others; the kinds that only stand after the records are refused.</summary>
    public static CheckpointRecord? AddTo(CheckpointBuilder builder, ReadOnlyMemory<byte> bytes, RecordHead head, long offset)
    {
        if (bytes.Length > ImageLimits.Record)
        {
            throw new ImageDamagedException(head.Kind, offset, $"it has {bytes.Length} bytes, more than {ImageLimits.Record}");
        }

        if (head.Kind is ExtentHeaderFormat.Kind or IndexFormat.Kind or TrailerFormat.Kind)
        {
            throw new ImageDamagedException(head.Kind, offset, "it stands among the records");
        }

        CheckpointRecord? record = Read(bytes, head, offset);
        if (record is not null)
        {
            builder.Add(record, offset);
        }
        else if (offset == 0)
        {
            throw new ImageDamagedException(HeaderFormatter.Name, 0, "this is not a checkpoint image");
        }

        return record;
    }

    /// <summary>Whether the MessagePack decoder threw this for bytes that it could not take.</summary>
    public static bool IsDecoderError(Exception e) =>
        e is MessagePackSerializationException or EndOfStreamException or OverflowException;
}
