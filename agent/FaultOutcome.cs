namespace LazyRestore.Agent;

/// <summary>What a page fault came to in the end. One that is put off, or waits for its page to arrive, has not come to an end yet.</summary>
public enum FaultOutcome
{
    /// <summary>Its page was copied there.</summary>
    Copied,

    /// <summary>The mover was given the whole extent.</summary>
    Moved,

    /// <summary>Its page was put into the shared file.</summary>
    Continued,

    /// <summary>The image holds nothing there: it got a zero page.</summary>
    Zero,

    /// <summary>The page was there already.</summary>
    AlreadyPresent,

    /// <summary>Nothing is mapped there any more.</summary>
    Discarded,

    /// <summary>Its page cannot be had: the thread waits.</summary>
    Unavailable,

    /// <summary>Its page could not be had: the thread got SIGBUS.</summary>
    Poisoned,

    /// <summary>The thread was woken and says so again, when it still lacks the page.</summary>
    Repeated,
}
