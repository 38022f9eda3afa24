namespace LazyRestore.Agent.Faults;

/// <summary>What became of an attempt to place pages.</summary>
public enum PlacementOutcome
{
    /// <summary>Pages were placed; <see cref="PlacementResult.Bytes"/> says how far it got, which may be short of what was asked.</summary>
    Installed,

    /// <summary>EEXIST: the first page is there already. Whoever waits for it has to be woken.</summary>
    AlreadyPresent,

    /// <summary>EAGAIN: the address space is changing. Events have to be read before another attempt.</summary>
    Deferred,

    /// <summary>ENOENT: the range is not, or not as a whole, inside one registered mapping.</summary>
    Discarded,

    /// <summary>ESRCH: the address space is gone.</summary>
    Gone,

    /// <summary>Anything else; <see cref="PlacementResult.Errno"/> says what.</summary>
    Failed,

    /// <summary>The mover brings it. Whoever waits for it is woken when that has ended in any way.</summary>
    Awaited,

    /// <summary>The page is on its way to the agent.</summary>
    Fetching,
}

/// <summary>The result of one placement call.</summary>
/// <param name="Outcome">What happened.</param>
/// <param name="Bytes">How many bytes were placed; greater than 0 only when installed.</param>
/// <param name="Errno">The error number behind the outcome; 0 when installed.</param>
public readonly record struct PlacementResult(PlacementOutcome Outcome, ulong Bytes, int Errno)
{
    /// <summary>
    /// Decodes what a UFFDIO_COPY-like call gave. The out-field is the number of bytes placed, or a negative error number,
    /// or 0 when an older kernel gave up before it wrote it; then <paramref name="errno"/> counts.
    /// </summary>
    internal static PlacementResult Decode(int returned, int errno, long outField, ulong requested)
    {
        if (returned == 0)
        {
            return new PlacementResult(PlacementOutcome.Installed, requested, 0);
        }

        if (outField > 0)
        {
            return new PlacementResult(PlacementOutcome.Installed, (ulong)outField, 0);
        }

        int error = outField < 0 ? (int)-outField : errno;
        return new PlacementResult(OutcomeOf(error), 0, error);
    }

    /// <summary>The outcome that an error number stands for.</summary>
    internal static PlacementOutcome OutcomeOf(int errno) => errno switch
    {
        Interop.Errno.EAGAIN => PlacementOutcome.Deferred,
        Interop.Errno.EEXIST => PlacementOutcome.AlreadyPresent,
        Interop.Errno.ENOENT => PlacementOutcome.Discarded,
        Interop.Errno.ESRCH => PlacementOutcome.Gone,
        _ => PlacementOutcome.Failed,
    };
}
