using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat.Tests;

/// <summary>Images in memory.</summary>
internal static class TestImage
{
    /// <summary>Writes an image of records and extents.</summary>
    public static byte[] Write(IEnumerable<CheckpointRecord> records, IEnumerable<SampleExtent> extents)
    {
        MemoryStream stream = new();
        using CheckpointWriter writer = CheckpointWriter.ToStream(stream);
        Fill(writer, records, extents);
        writer.Commit();
        Assert.Equal(stream.Length, writer.BytesWritten);
        return stream.ToArray();
    }

    /// <summary>The image of <see cref="Samples.All"/> with some extents.</summary>
    public static byte[] Sample(ExtentCodec codec) => Write(Samples.All, SampleExtent.Some(codec));

    public static void Fill(CheckpointWriter writer, IEnumerable<CheckpointRecord> records, IEnumerable<SampleExtent> extents)
    {
        foreach (CheckpointRecord record in records)
        {
            writer.Write(record);
        }

        foreach (SampleExtent extent in extents)
        {
            using ExtentEncoder encoder = new(extent.Codec);
            writer.Write(encoder.Encode(extent.Address, extent.Presence, extent.Pages));
        }
    }

    public static CheckpointImage Open(byte[] bytes) => CheckpointImage.Open(new MemoryImageBytes(bytes));
}
