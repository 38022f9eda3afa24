using System.Globalization;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Inspect;

/// <summary><c>inspect IMAGE</c>: what the image is, in one screen.</summary>
internal static class SummarySection
{
    /// <summary>Lays out header, process and sizes.</summary>
    public static Document Of(CheckpointImage image)
    {
        Checkpoint checkpoint = image.Checkpoint;
        IReadOnlyList<Checkpoint> processes = checkpoint.Processes;
        HeaderRecord header = checkpoint.Header;
        return new Document
        {
            Fields =
            [
                new("image_id", "image", Value.Text(Convert.ToHexStringLower(header.ImageId.Span))),
                new("format_version", "format", Value.Count(header.Version)),
                new("creator", "written by", Value.Text(header.Creator)),
                new("created", "taken", Value.Text(Time(header.CreatedNanoseconds))),
                new("host", "on host", Value.Text(header.HostName)),
                new("kernel", "kernel", Value.Text(header.KernelRelease)),
                new("pid", "process", Value.Count(checkpoint.Process.Pid)),
                new("name", "name", Value.Text(checkpoint.Threads[0].Name)),
                new("executable", "executable", Value.Text(checkpoint.Process.Executable)),
                new("processes", "processes", Value.Count(processes.Count)),
                new("threads", "threads", Value.Count(processes.Sum(one => one.Threads.Count))),
                new("maps", "mappings", Value.Count(processes.Sum(one => one.Vmas.Count))),
                new("virtual_bytes", "address space", Value.Bytes(processes.SelectMany(one => one.Vmas).Sum(vma => (long)vma.Length))),
                new("descriptors", "descriptors", Value.Count(processes.Sum(one => one.Descriptors.Count))),
                new("stored_pages", "pages", Value.Count(image.Index.TotalPages)),
                new("memory_bytes", "memory", Value.Bytes(image.Index.TotalPages * ImageLayout.PageSize)),
                new("codecs", "codecs", Value.List(Codecs(image).Select(Value.Text))),
                new("image_bytes", "image size", Value.Bytes(image.Bytes.Length)),
            ],
        };
    }

    private static IEnumerable<string> Codecs(CheckpointImage image) =>
        image.Index.Entries.Select(entry => entry.Codec).Distinct().Order().Select(PagesSection.NameOf);

    private static string Time(long nanoseconds) => DateTime.UnixEpoch
        .AddTicks(nanoseconds / TimeSpan.NanosecondsPerTick)
        .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
