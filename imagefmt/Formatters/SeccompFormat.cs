using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal static class SeccompFormat
{
    private const int LogFlag = 2;
    private const int MostFilters = 4096;
    private const int LargestProgram = 4096 * SeccompFilter.InstructionSize; // BPF_MAXINSNS

    public static void Write(ref MessagePackWriter writer, SeccompState? state)
    {
        writer.WriteMapHeader(1);
        writer.Field("filters"u8, state!.Filters, Write);
    }

    public static SeccompState Read(MapReader map) => new(map.MapList("filters"u8, MostFilters, Read));

    private static void Write(ref MessagePackWriter writer, SeccompFilter filter)
    {
        writer.WriteMapHeader(2);
        writer.Field("flags"u8, filter.Flags);
        writer.Field("program"u8, filter.Program);
    }

    private static SeccompFilter Read(ref MapReader map) =>
        new(map.Bits("flags"u8, LogFlag), map.Bytes("program"u8, SeccompFilter.InstructionSize, LargestProgram));
}
