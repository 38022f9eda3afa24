namespace LazyRestore;

/// <summary>Why an operation ended; each reason has the exit code that the command line promises for it.</summary>
public enum FailureReason
{
    /// <summary>Something failed at run time.</summary>
    Failed = 1,

    /// <summary>The command was used wrongly.</summary>
    Usage = 2,

    /// <summary>This process, kernel or privilege is not supported; the message names the feature.</summary>
    Unsupported = 3,

    /// <summary>The image is damaged or not an image; the message names record and offset.</summary>
    DamagedImage = 4,

    /// <summary>The page source cannot be reached.</summary>
    SourceUnreachable = 5,

    /// <summary>The user interrupted the work.</summary>
    Interrupted = 130,
}

/// <summary>
/// The root of every error LazyRestore reports: what failed and what to do about it, in a sentence for the user.
/// </summary>
public class LazyRestoreException : Exception
{
    /// <summary>Creates an error with the sentence that the user will read.</summary>
    public LazyRestoreException(FailureReason reason, string message, string? remedy = null, Exception? innerException = null)
        : base(message, innerException)
    {
        Reason = reason;
        Remedy = remedy;
    }

    /// <summary>The kind of failure, which decides the exit code.</summary>
    public FailureReason Reason { get; }

    /// <summary>What the user can do about it; null when the message says it already.</summary>
    public string? Remedy { get; }

    /// <summary>The process exit code for this failure.</summary>
    public int ExitCode => (int)Reason;
}
