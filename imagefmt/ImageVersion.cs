using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat;

/// <summary>The lowest version of the format that can hold what an image says: programs that know no other restore the rest.</summary>
public static class ImageVersion
{
    /// <summary>The lowest version for the records of an image.</summary>
    public static int Of(IReadOnlyCollection<CheckpointRecord> records) =>
        records.OfType<ProcessRecord>().Skip(1).Any() || records.Any(record => Of(record) > ImageLayout.SingleProcessVersion)
            ? ImageLayout.Version
            : ImageLayout.SingleProcessVersion;

    /// <summary>The lowest version that knows a record.</summary>
    internal static int Of(CheckpointRecord record) => record is ZombieRecord or ProcessRecord { StopSignal: not 0 } or TerminalMasterRecord or TerminalRecord or TerminalJobRecord
        or InetSocketRecord { Datagrams.Count: > 0 }
        or MemoryObjectRecord { Kind: MemoryObjectKind.SystemV } or SystemVSegmentRecord or SystemVSemaphoresRecord or SystemVQueueRecord
        ? ImageLayout.Version
        : ImageLayout.SingleProcessVersion;
}
