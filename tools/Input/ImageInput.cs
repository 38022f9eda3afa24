namespace LazyRestore.Tools.Input;

/// <summary>
/// An image named on the command line, as a file that can be read anywhere in it. What comes through a pipe is put into a
/// temporary file without a name first: pages are wanted in any order.
/// </summary>
internal sealed class ImageInput : IDisposable
{
    private const string StandardInput = "-";
    private const int BufferSize = 1 << 20;

    private readonly FileStream? _spool;

    private ImageInput(string path, FileStream? spool)
    {
        Path = path;
        _spool = spool;
    }

    /// <summary>Where to open the image; valid until this is disposed.</summary>
    public string Path { get; }

    /// <summary>Finds the image that <paramref name="name"/> stands for: a path, or <c>-</c> for standard input.</summary>
    public static ImageInput Open(string name, CancellationToken cancellation)
    {
        if (name is not StandardInput)
        {
            return new ImageInput(name, null);
        }

        if (Interop.lseek(0, 0, Interop.SEEK_CUR) >= 0)
        {
            return new ImageInput("/proc/self/fd/0", null);
        }

        FileStream spool = Spool(cancellation);
        return new ImageInput($"/proc/self/fd/{spool.SafeFileHandle.DangerousGetHandle()}", spool);
    }

    /// <inheritdoc/>
    public void Dispose() => _spool?.Dispose();

    // The file loses its name at once, so that nothing is left of an image, which holds secrets, however this process ends.
    private static FileStream Spool(CancellationToken cancellation)
    {
        string path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $".lazyrestore-{Guid.NewGuid():n}");
        FileStream spool = new(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            BufferSize = 0,
        });
        File.Delete(path);
        using Stream input = Console.OpenStandardInput();
        byte[] buffer = new byte[BufferSize];
        for (int count; (count = input.Read(buffer)) > 0;)
        {
            cancellation.ThrowIfCancellationRequested();
            spool.Write(buffer, 0, count);
        }

        return spool;
    }
}
