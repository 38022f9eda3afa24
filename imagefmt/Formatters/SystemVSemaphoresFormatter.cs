using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class SystemVSemaphoresFormatter() : RecordFormatter<SystemVSemaphoresRecord>("system-v-semaphores")
{
    private const int LargestValue = 32767; // SEMVMX

    protected override void Write(ref MessagePackWriter writer, SystemVSemaphoresRecord record)
    {
        writer.WriteMapHeader(2);
        writer.Field("identity"u8, record.Identity, SystemVIdentityFormat.Write);
        writer.Field("semaphores"u8, record.Semaphores, WriteSemaphore);
    }

    protected override SystemVSemaphoresRecord Read(ref MapReader map) => new()
    {
        Identity = SystemVIdentityFormat.Read(ref map),
        Semaphores = map.MapList("semaphores"u8, ImageLimits.List, ReadSemaphore),
    };

    private static void WriteSemaphore(ref MessagePackWriter writer, SystemVSemaphore semaphore)
    {
        writer.WriteMapHeader(2);
        writer.Field("value"u8, semaphore.Value);
        writer.Field("process"u8, semaphore.Process);
    }

    private static SystemVSemaphore ReadSemaphore(ref MapReader map) => new(
        Value: map.Int32("value"u8, 0, LargestValue),
        Process: map.Int32("process"u8, 0));
}
