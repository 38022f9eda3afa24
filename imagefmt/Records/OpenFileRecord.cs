namespace LazyRestore.ImageFormat.Records;

/// <summary>An open file description (open(2)): what descriptors refer to. One subclass per kind of file.</summary>
public abstract record OpenFileRecord : CheckpointRecord
{
    /// <summary>What <see cref="DescriptorRecord.FileId"/> refers to; greater than 0.</summary>
    public required int Id { get; init; }

    /// <summary>Access mode and status flags, O_*, as F_GETFL gives them.</summary>
    public required int StatusFlags { get; init; }
}

/// <summary>A file with a path: regular file, directory or character device.</summary>
public sealed record PathFileRecord : OpenFileRecord
{
    /// <summary>The path in the file system.</summary>
    public required string Path { get; init; }

    /// <summary>File offset in bytes.</summary>
    public required long Offset { get; init; }

    /// <summary>What the file was. Size and time may change for files that the process itself writes.</summary>
    public required FileIdentity Identity { get; init; }

    /// <summary>Device number of a character device; 0 otherwise.</summary>
    public required ulong Device { get; init; }
}

/// <summary>An open memfd or deleted file whose content is a memory object of the image.</summary>
public sealed record ObjectFileRecord : OpenFileRecord
{
    /// <summary>The <see cref="MemoryObjectRecord.Id"/>.</summary>
    public required int ObjectId { get; init; }

    /// <summary>File offset in bytes.</summary>
    public required long Offset { get; init; }
}

/// <summary>One end of a pipe, pipe(7).</summary>
public sealed record PipeRecord : OpenFileRecord
{
    /// <summary>Ends with the same number belong to the same pipe.</summary>
    public required ulong PipeId { get; init; }

    /// <summary>Whether this is the end that is written to.</summary>
    public required bool WriteEnd { get; init; }

    /// <summary>Capacity in bytes, F_GETPIPE_SZ.</summary>
    public required int Capacity { get; init; }

    /// <summary>What was in the pipe, a piece each for the packets of one in packet mode; stands with one of the ends only.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> Content { get; init; }
}

/// <summary>A standard stream that leads outside the process: the restorer's own takes its place when the user says so.</summary>
public sealed record ExternalStreamRecord : OpenFileRecord
{
    /// <summary>0, 1 or 2: which of the restorer's standard streams takes its place.</summary>
    public required int Stream { get; init; }

    /// <summary>What it was, such as <c>/dev/pts/3</c> or <c>pipe:[1234]</c>; for people.</summary>
    public required string Description { get; init; }
}

/// <summary>An event counter, eventfd(2).</summary>
public sealed record EventFdRecord : OpenFileRecord
{
    /// <summary>The counter.</summary>
    public required ulong Count { get; init; }

    /// <summary>EFD_SEMAPHORE.</summary>
    public required bool Semaphore { get; init; }
}

/// <summary>An epoll instance with its interest list, epoll(7).</summary>
public sealed record EpollRecord : OpenFileRecord
{
    /// <summary>What it watches.</summary>
    public required IReadOnlyList<EpollInterest> Interests { get; init; }
}

/// <summary>An entry of an epoll interest list, epoll_ctl(2).</summary>
/// <param name="Descriptor">The descriptor's number when it was added.</param>
/// <param name="FileId">The open file description it refers to.</param>
/// <param name="Events">EPOLL* bits.</param>
/// <param name="Data">The user's data.</param>
public readonly record struct EpollInterest(int Descriptor, int FileId, uint Events, ulong Data);

/// <summary>A timer that is a file, timerfd_create(2).</summary>
public sealed record TimerFdRecord : OpenFileRecord
{
    /// <summary>CLOCK_*.</summary>
    public required int Clock { get; init; }

    /// <summary>Nanoseconds until the next expiry, relative even when it was set with an absolute time; 0 when disarmed.</summary>
    public required long ValueNanoseconds { get; init; }

    /// <summary>Period in nanoseconds; 0 for one-shot.</summary>
    public required long IntervalNanoseconds { get; init; }

    /// <summary>Expirations not yet read.</summary>
    public required ulong Ticks { get; init; }

    /// <summary>The flags of timerfd_settime it was set with (TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET).</summary>
    public required int SetTimeFlags { get; init; }
}

/// <summary>A file that delivers signals, signalfd(2).</summary>
public sealed record SignalFdRecord : OpenFileRecord
{
    /// <summary>The signals it accepts, bit N-1 for signal N.</summary>
    public required ulong Mask { get; init; }
}
