using System.IO.Pipelines;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.ImageFormat;

/// <summary>
/// Makes an image with random access out of a stream, such as standard input: a file without a name, readable by nobody else,
/// that disappears when the image is disposed or the program ends in whatever way.
/// </summary>
public static class ImageSpool
{
    /// <summary>Pages are read in large pieces; a pipe gives less, a file or a socket may give as much.</summary>
    private const int BufferSize = 256 << 10;

    /// <summary>Where files are kept by default: <c>TMPDIR</c>, or <c>/var/tmp</c>, which unlike <c>/tmp</c> is rarely in memory.</summary>
    public static string DefaultDirectory =>
        Environment.GetEnvironmentVariable("TMPDIR") is { Length: > 0 } directory ? directory : "/var/tmp";

    /// <summary>Reads a stream to its end, verifying all of it as it comes, and opens what it was.</summary>
    /// <param name="stream">The stream; it stays open.</param>
    /// <param name="directory">Where the file is kept; <see cref="DefaultDirectory"/> when it is null.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="ImageDamagedException">It is no image, or damaged; no more was read than showed it.</exception>
    /// <exception cref="LazyRestoreException">The stream failed, or there is no place for the file.</exception>
    public static async Task<CheckpointImage> ReadAsync(
        Stream stream, string? directory = null, CancellationToken cancellationToken = default)
    {
        directory ??= DefaultDirectory;
        SafeFileHandle file = CreateUnnamed(directory);
        try
        {
            await VerifyAsync(new RecordingStream(stream, file, directory), cancellationToken).ConfigureAwait(false);
            return CheckpointImage.Open(new FileImageBytes(file, "from the stream"));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The error for a file that cannot be created or written.</summary>
    internal static LazyRestoreException Failed(string directory, Exception e) => new(
        FailureReason.Failed,
        $"the image cannot be kept in {directory} while it is read: {e.Message}",
        "Set TMPDIR to a directory with room for it.",
        e);

    private static async Task VerifyAsync(Stream stream, CancellationToken cancellationToken)
    {
        PipeReader pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: BufferSize, leaveOpen: true));
        using CheckpointStreamReader reader = new(pipe);
        try
        {
            _ = await reader.ReadRecordsAsync(cancellationToken).ConfigureAwait(false);
            byte[] pages = new byte[ImageLayout.ExtentSpan];
            while (await reader.ReadExtentAsync(pages, cancellationToken).ConfigureAwait(false) is not null)
            {
            }
        }
        finally
        {
            await pipe.CompleteAsync().ConfigureAwait(false);
        }
    }

    private static SafeFileHandle CreateUnnamed(string directory)
    {
        string path = Path.Combine(directory, $".lazyrestore.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}");
        try
        {
            SafeFileHandle file = FileSink.CreateExclusively(path);
            File.Delete(path);
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(directory, e);
        }
    }
}
