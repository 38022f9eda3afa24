namespace LazyRestore.Agent.OwnMemory;

/// <summary>A page of a <see cref="DemandMemory"/> cannot be had.</summary>
public sealed class UnavailablePageException : LazyRestoreException
{
    /// <summary>Creates the error of a page.</summary>
    /// <param name="offset">Where the page begins.</param>
    /// <param name="cause">What the filler threw; null when it did not.</param>
    internal UnavailablePageException(long offset, Exception? cause)
        : base(FailureReason.Failed, $"the page at offset 0x{offset:x} cannot be had{(cause is null ? "" : $": {cause.Message}")}", innerException: cause) =>
        Offset = offset;

    /// <summary>Where the page begins.</summary>
    public long Offset { get; }
}
