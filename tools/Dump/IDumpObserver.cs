namespace LazyRestore.Tools.Dump;

/// <summary>Follows a dump. Called on the dump's own threads, most of the time while the process is frozen, so it must return at once.</summary>
public interface IDumpObserver
{
    /// <summary>The process stands still.</summary>
    /// <param name="threads">How many threads it has.</param>
    void Frozen(int threads);

    /// <summary>The process goes on, as it does before its pages are written when a snapshot is taken.</summary>
    /// <param name="freeze">How long it stood still.</param>
    void Thawed(TimeSpan freeze);

    /// <summary>Pages went into the image.</summary>
    /// <param name="done">Pages dealt with so far.</param>
    /// <param name="total">Pages that hold data; those of them that turn out to be zero are not stored.</param>
    void PagesWritten(long done, long total);
}
