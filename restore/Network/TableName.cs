namespace LazyRestore.Restore.Network;

/// <summary>The names of the packet filter's tables that keep segments from connections whose sockets are away.</summary>
public static class TableName
{
    private static int s_count;

    /// <summary>The table that stays between a dump and the restore of its image.</summary>
    public static string Of(ReadOnlyMemory<byte> imageId) => $"lazyrestore-{Convert.ToHexStringLower(imageId.Span)}";

    /// <summary>A table of this process alone.</summary>
    public static string OfThisProcess() => $"lazyrestore-process-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";
}
