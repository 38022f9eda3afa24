namespace LazyRestore.Restore.Programs;

/// <summary>One call of a program, as data.</summary>
/// <param name="Number">The system call.</param>
/// <param name="Arguments">Up to six arguments.</param>
/// <param name="StopOnError">Whether the program ends here when the call fails.</param>
/// <param name="About">What the call is for: the path, address or number an error names.</param>
public sealed record PlannedCall(SystemCall Number, Argument[] Arguments, bool StopOnError, string About)
{
    /// <summary>How many of the calls that follow are for the task that this call creates, and for no one else; 0 for an ordinary call.</summary>
    public int Branch { get; init; }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Number}({string.Join(", ", Arguments)}){(StopOnError ? "" : " may fail")} for {About}"
        + (Branch > 0 ? $", the next {Branch} in the task it creates" : "");
}
