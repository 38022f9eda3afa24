using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Server;

/// <summary>
/// The images that a server has: one file, or the files of a folder. Each is opened once, however many clients have it; what they read comes
/// from the same page cache. An image that was replaced by another file is opened anew.
/// </summary>
internal sealed class ServedImages(string path) : IDisposable
{
    private readonly string _path = Path.GetFullPath(path);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, OpenedImage> _opened = [];
    private readonly List<OpenedImage> _former = [];

    /// <summary>The names, in order.</summary>
    internal string[] Names => File.Exists(_path)
        ? [Path.GetFileName(_path)]
        : [.. Directory.EnumerateFiles(_path).Select(static file => Path.GetFileName(file)!).Where(IsName).Order(StringComparer.Ordinal)];

    /// <summary>Opens an image by its name; the only one may go without.</summary>
    /// <exception cref="LazyRestoreException">There is none of that name, or it is damaged.</exception>
    internal OpenedImage Open(string name)
    {
        if (name.Length == 0 && Names is [var only])
        {
            name = only;
        }

        string file = File.Exists(_path) ? _path : Path.Combine(_path, name);
        if (!IsName(name) || Path.GetFileName(file) != name || new FileInfo(file) is not { Exists: true } info || LeavesFolder(file))
        {
            throw new LazyRestoreException(FailureReason.Failed, $"the server has no image '{name}'", "Ask it for its list of names.");
        }

        lock (_lock)
        {
            if (_opened.TryGetValue(name, out OpenedImage? known))
            {
                if (known.Is(info))
                {
                    return known;
                }

                // Somebody may read it still.
                _former.Add(known);
            }

            OpenedImage opened = new(CheckpointImage.OpenFile(file), info);
            _opened[name] = opened;
            return opened;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (OpenedImage image in _opened.Values.Concat(_former))
        {
            image.Dispose();
        }
    }

    private static bool IsName(string name) =>
        name.Length > 0 && name[0] != '.' && name.AsSpan().IndexOfAny('/', '\0') < 0 && !name.EndsWith(WorkingSet.Extension, StringComparison.Ordinal);

    // A link may be served when the user named it, and not when it lies in a folder that others may write to.
    private bool LeavesFolder(string file) => file != _path && new FileInfo(file).LinkTarget is not null;
}
