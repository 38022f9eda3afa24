namespace LazyRestore.ImageFormat.Records;

/// <summary>An inotify instance that has no events waiting, inotify(7).</summary>
public sealed record InotifyRecord : OpenFileRecord
{
    /// <summary>What it watches, by ascending number.</summary>
    public required IReadOnlyList<InotifyWatch> Watches { get; init; }
}

/// <summary>A watch, inotify_add_watch(2).</summary>
/// <param name="Number">The watch's number, which its events carry.</param>
/// <param name="Path">A path of the file.</param>
/// <param name="Mask">IN_* bits.</param>
public readonly record struct InotifyWatch(int Number, string Path, uint Mask);
