namespace LazyRestore.Tools.Dump;

/// <summary>Follows a dump. Called on the dump's own threads while the process is frozen, so it must return at once.</summary>
public interface IDumpObserver
{
    /// <summary>The process stands still.</summary>
    /// <param name="threads">How many threads it has.</param>
    void Frozen(int threads);

    /// <summary>Pages went into the image.</summary>
    /// <param name="done">Pages dealt with so far.</param>
    /// <param name="total">Pages that hold data; those of them that turn out to be zero are not stored.</param>
    void PagesWritten(long done, long total);
}
