using System.Buffers;
using System.Buffers.Binary;
using MessagePack;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.ImageFormat;

/// <summary>
/// The pages that a restored process touched first, in the order in which it did. It lies beside its image, in a file of its own, and is an
/// advice: without it a restore works as well, only its first faults are more.
/// </summary>
/// <param name="Runs">Neighbouring pages, touched one after another.</param>
public sealed record WorkingSet(IReadOnlyList<WorkingSetRun> Runs)
{
    /// <summary>What a recording's name ends with, after that of its image.</summary>
    public const string Extension = ".working-set";

    private const string Kind = "lazyrestore-working-set";
    private const int Version = 1;
    private const int Elements = 5;
    private const int LongestFile = 64 << 20;
    private const int BytesPerRun = 12;

    /// <summary>How many pages it has.</summary>
    public long Pages => Runs.Sum(static run => (long)run.Pages);

    /// <summary>Where the recording of an image lies.</summary>
    public static string PathOf(string imagePath) => imagePath + Extension;

    /// <summary>Reads the recording of an image; null when there is none, or it is damaged or that of another image.</summary>
    /// <param name="imagePath">The image's file.</param>
    /// <param name="imageId">The image's ID.</param>
    public static WorkingSet? TryRead(string imagePath, ReadOnlySpan<byte> imageId)
    {
        string path = PathOf(imagePath);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using SafeFileHandle file = File.OpenHandle(path);
            long length = RandomAccess.GetLength(file);
            if (length > LongestFile)
            {
                return null;
            }

            byte[] bytes = new byte[length];
            return RandomAccess.Read(file, bytes, 0) == length ? Parse(bytes, imageId) : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes the recording beside its image, in place of an older one. It appears whole or not at all.</summary>
    /// <param name="imagePath">The image's file.</param>
    /// <param name="imageId">The image's ID.</param>
    /// <exception cref="LazyRestoreException">It cannot be written.</exception>
    public void Write(string imagePath, ReadOnlySpan<byte> imageId)
    {
        ArrayBufferWriter<byte> bytes = new();
        MessagePackWriter writer = new(bytes);
        writer.WriteArrayHeader(Elements);
        writer.Write(Kind);
        writer.Write(Version);
        writer.Write(imageId);
        byte[] runs = Pack();
        writer.Write(runs);
        writer.Write(PageChecksum.Of(runs));
        writer.Flush();
        using FileSink sink = new(PathOf(imagePath));
        sink.Write([bytes.WrittenMemory]);
        sink.Commit();
    }

    /// <summary>Reads the bytes of a recording; null when they are none of this image.</summary>
    /// <param name="bytes">What the file beside an image holds.</param>
    /// <param name="imageId">The image's ID.</param>
    public static WorkingSet? Parse(ReadOnlyMemory<byte> bytes, ReadOnlySpan<byte> imageId)
    {
        try
        {
            MessagePackReader reader = new(bytes);
            if (reader.ReadArrayHeader() != Elements || reader.ReadString() != Kind || reader.ReadInt32() != Version
                || reader.ReadBytes() is not { } id || !id.FirstSpan.SequenceEqual(imageId)
                || reader.ReadBytes() is not { } runs || reader.ReadUInt64() != PageChecksum.Of(runs.FirstSpan))
            {
                return null;
            }

            return runs.Length % BytesPerRun == 0 ? new WorkingSet(Unpack(runs.FirstSpan)) : null;
        }
        catch (Exception problem) when (problem is MessagePackSerializationException or EndOfStreamException or OverflowException)
        {
            return null;
        }
    }

    private static WorkingSetRun[] Unpack(ReadOnlySpan<byte> bytes)
    {
        var runs = new WorkingSetRun[bytes.Length / BytesPerRun];
        foreach (ref WorkingSetRun run in runs.AsSpan())
        {
            run = new WorkingSetRun(BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadInt32LittleEndian(bytes[sizeof(ulong)..]));
            bytes = bytes[BytesPerRun..];
        }

        return runs;
    }

    private byte[] Pack()
    {
        byte[] bytes = new byte[Runs.Count * BytesPerRun];
        Span<byte> rest = bytes;
        foreach (WorkingSetRun run in Runs)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(rest, run.Address);
            BinaryPrimitives.WriteInt32LittleEndian(rest[sizeof(ulong)..], run.Pages);
            rest = rest[BytesPerRun..];
        }

        return bytes;
    }
}

/// <summary>Neighbouring pages.</summary>
/// <param name="Address">The first one's address in the image.</param>
/// <param name="Pages">How many they are.</param>
public readonly record struct WorkingSetRun(ulong Address, int Pages);
