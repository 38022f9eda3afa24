using System.Runtime.InteropServices;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.ImageFormat.Tests;

namespace LazyRestore.Agent.Tests;

/// <summary>An image of one mapping; every word of a page follows from its address, and every seventh page is not stored unless it is dense.</summary>
internal sealed class ServedImage : IDisposable
{
    public const ulong Start = 0x6000_0000_0000;
    public const int Extents = 4;
    public const int Pages = Extents * ImageLayout.PagesPerExtent;
    public const ulong End = Start + ((ulong)Pages * ImageLayout.PageSize);

    private readonly bool _isDense;

    public ServedImage(ExtentCodec codec, bool isDense = false)
    {
        _isDense = isDense;
        Write(codec);
        Image = CheckpointImage.OpenFile(FilePath);
    }

    public string FilePath { get; } = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public CheckpointImage Image { get; }

    /// <summary>The address of a page.</summary>
    public static ulong At(int page) => Start + ((ulong)page * ImageLayout.PageSize);

    /// <summary>What a process has to find in untouched pages.</summary>
    public static string Expected(int first, int count) => string.Concat(Enumerable.Range(first, count).Select(page => IsStored(page) ? 'i' : '0'));

    public void Dispose()
    {
        Image.Dispose();
        File.Delete(FilePath);
    }

    private static bool IsStored(int page) => page % 7 != 3;

    private void Write(ExtentCodec codec)
    {
        using var writer = CheckpointWriter.ToFile(FilePath);
        writer.Write(Samples.Header);
        writer.Write(Samples.Process);
        writer.Write(Samples.Layout);
        writer.Write(Samples.Thread(Samples.Process.Pid));
        writer.Write(Samples.Vma(Start, End, VmaKind.Anonymous, 0, VmaProtection.Read | VmaProtection.Write));
        using ExtentEncoder encoder = new(codec);
        for (int extent = 0; extent < Extents; extent++)
        {
            writer.Write(Encode(encoder, extent));
        }

        writer.Commit();
    }

    private EncodedExtent Encode(ExtentEncoder encoder, int extent)
    {
        PagePresence presence = default;
        List<byte> bytes = [];
        for (int page = 0; page < ImageLayout.PagesPerExtent; page++)
        {
            int number = (extent * ImageLayout.PagesPerExtent) + page;
            if (_isDense || IsStored(number))
            {
                presence.Set(page);
                ulong[] words = [.. Enumerable.Range(0, ImageLayout.PageSize / 8).Select(word => (At(number) + ((ulong)word * 8)) ^ 0x5A5A)];
                bytes.AddRange(MemoryMarshal.AsBytes(words.AsSpan()));
            }
        }

        return encoder.Encode(new ExtentAddress(ExtentAddress.Process, At(extent * ImageLayout.PagesPerExtent)), presence, bytes.ToArray());
    }
}
