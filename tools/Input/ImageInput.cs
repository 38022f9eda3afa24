using LazyRestore.ImageFormat;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Input;

/// <summary>
/// An image named on the command line, as a file that can be read anywhere in it. What comes through a pipe is put into a
/// temporary file without a name first, and verified on the way: pages are wanted in any order.
/// </summary>
internal sealed class ImageInput : IDisposable
{
    private const string StandardInput = "-";
    private const string DescriptorOfStandardInput = "/proc/self/fd/0";

    private readonly CheckpointImage? _spool;

    private ImageInput(string path, CheckpointImage? spool)
    {
        Path = path;
        _spool = spool;
    }

    /// <summary>Where to open the image, a path or a location elsewhere; valid until this is disposed.</summary>
    public string Path { get; }

    /// <summary>Finds the image that <paramref name="name"/> stands for: a path, or <c>-</c> for standard input.</summary>
    public static ImageInput Open(string name, Streams streams, CancellationToken cancellation)
    {
        if (name is not StandardInput)
        {
            return new ImageInput(name, null);
        }

        if (streams.InputIsTerminal)
        {
            throw new LazyRestoreException(
                FailureReason.Usage, "an image would be read from the terminal", "Redirect standard input, or name a file.");
        }

        return Interop.lseek(0, 0, Interop.SEEK_CUR) >= 0 ? new ImageInput(FileOnStandardInput(), null) : Spool(cancellation);
    }

    /// <inheritdoc/>
    public void Dispose() => _spool?.Dispose();

    // The file's own name where it has one: another agent may have to open it one day.
    private static string FileOnStandardInput() =>
        File.ResolveLinkTarget(DescriptorOfStandardInput, returnFinalTarget: false)?.FullName is { } path && File.Exists(path)
            ? path
            : DescriptorOfStandardInput;

    private static ImageInput Spool(CancellationToken cancellation)
    {
        // On another thread, because a read of a pipe whose writer is silent cannot be cancelled, only left.
        CheckpointImage image = Task.Run(() => ImageSpool.ReadAsync(Console.OpenStandardInput(), null, cancellation), cancellation)
            .WaitAsync(cancellation).GetAwaiter().GetResult();
        nint descriptor = ((FileImageBytes)image.Bytes).Handle.DangerousGetHandle();

        // By PID, not by self: whoever else opens this path gets this file or an error, never a file of its own.
        return new ImageInput($"/proc/{Environment.ProcessId}/fd/{descriptor}", image);
    }
}
