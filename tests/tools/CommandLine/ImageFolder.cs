using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Tests;

namespace LazyRestore.Tools.Tests.CommandLine;

/// <summary>A temporary folder with an image that holds a record of every kind.</summary>
public sealed class ImageFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("lazyrestore-tests-").FullName;

    /// <summary>Writes the image.</summary>
    public ImageFolder()
    {
        using CheckpointWriter writer = CheckpointWriter.ToFile(Image);
        TestImage.Fill(writer, Samples.All, SampleExtent.Some(ExtentCodec.Lz4));
        writer.Commit();
    }

    /// <summary>The image.</summary>
    public string Image => Of("sample.ckpt");

    /// <summary>A file of the folder.</summary>
    public string Of(string name) => Path.Combine(_path, name);

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_path, recursive: true);
}
