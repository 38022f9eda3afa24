using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

/// <summary>The header; it names the format and the version before anything that a later version may change.</summary>
internal sealed class HeaderFormatter() : RecordFormatter<HeaderRecord>(Name)
{
    public const string Name = "header";

    protected override void Write(ref MessagePackWriter writer, HeaderRecord record)
    {
        writer.WriteMapHeader(12);
        writer.Field("format"u8, ImageLayout.FormatName);
        writer.Field("version"u8, record.Version);
        writer.Field("image-id"u8, record.ImageId);
        writer.Field("creator"u8, record.Creator);
        writer.Field("created"u8, record.CreatedNanoseconds);
        writer.Field("host"u8, record.HostName);
        writer.Field("kernel"u8, record.KernelRelease);
        writer.Field("machine"u8, record.Machine);
        writer.Field("page-size"u8, record.PageSize);
        writer.Field("boot-id"u8, record.BootId);
        writer.Field("xsave-features"u8, record.XsaveFeatures);
        writer.Field("vdso-digest"u8, record.VdsoDigest);
    }

    protected override HeaderRecord Read(ref MapReader map)
    {
        if (map.Text("format"u8, ImageLimits.Name) != ImageLayout.FormatName)
        {
            throw new ImageDamagedException(Name, 0, $"this is not a checkpoint image: 'format' is not '{ImageLayout.FormatName}'");
        }

        return new()
        {
            Version = ReadVersion(ref map),
            ImageId = map.Bytes("image-id"u8, 16, 16),
            Creator = map.Text("creator"u8, ImageLimits.Name),
            CreatedNanoseconds = map.Int64("created"u8),
            HostName = map.Text("host"u8, ImageLimits.Name),
            KernelRelease = map.Text("kernel"u8, ImageLimits.Name),
            Machine = map.Text("machine"u8, ImageLimits.Name),
            PageSize = map.Int32("page-size"u8, ImageLayout.PageSize, ImageLayout.PageSize),
            BootId = map.Text("boot-id"u8, ImageLimits.Name),
            XsaveFeatures = map.UInt64("xsave-features"u8),
            VdsoDigest = map.Bytes("vdso-digest"u8, ImageLimits.Digest),
        };
    }

    private static int ReadVersion(ref MapReader map)
    {
        int version = map.Int32("version"u8, 1);
        return version <= ImageLayout.Version
            ? version
            : throw new LazyRestoreException(
                FailureReason.Unsupported,
                $"the image has format version {version}; this program reads versions up to {ImageLayout.Version}",
                "Restore it with the version of lazyrestore that made it, or a newer one.");
    }
}
