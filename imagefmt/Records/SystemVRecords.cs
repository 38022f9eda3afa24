namespace LazyRestore.ImageFormat.Records;

/// <summary>What every System V object has, sysvipc(7).</summary>
public sealed record SystemVIdentity
{
    /// <summary>The identifier, by which processes refer to it.</summary>
    public required int Id { get; init; }

    /// <summary>The key, by which it is found; 0 for IPC_PRIVATE.</summary>
    public required int Key { get; init; }

    /// <summary>The owner.</summary>
    public required uint UserId { get; init; }

    /// <summary>The group.</summary>
    public required uint GroupId { get; init; }

    /// <summary>The user who created it.</summary>
    public required uint CreatorUserId { get; init; }

    /// <summary>The group of who created it.</summary>
    public required uint CreatorGroupId { get; init; }

    /// <summary>Permissions; of a shared memory segment SHM_DEST (0o1000) and SHM_LOCKED (0o2000) too.</summary>
    public required int Mode { get; init; }

    /// <summary>When it was created or changed last, in seconds since the epoch: it tells the object from a later one.</summary>
    public required long Changed { get; init; }
}

/// <summary>A segment of System V shared memory that processes of the image are attached to, shmat(2).</summary>
public sealed record SystemVSegmentRecord : CheckpointRecord
{
    /// <summary>The <see cref="MemoryObjectRecord.Id"/> of its content.</summary>
    public required int ObjectId { get; init; }

    /// <summary>Its name, owner and permissions.</summary>
    public required SystemVIdentity Identity { get; init; }
}

/// <summary>A set of System V semaphores, semop(2).</summary>
public sealed record SystemVSemaphoresRecord : CheckpointRecord
{
    /// <summary>Its name, owner and permissions.</summary>
    public required SystemVIdentity Identity { get; init; }

    /// <summary>The semaphores.</summary>
    public required IReadOnlyList<SystemVSemaphore> Semaphores { get; init; }
}

/// <summary>A semaphore, semctl(2).</summary>
/// <param name="Value">GETVAL.</param>
/// <param name="Process">GETPID: the process that used it last; 0 for none.</param>
public readonly record struct SystemVSemaphore(int Value, int Process);

/// <summary>A System V message queue, msgop(2).</summary>
public sealed record SystemVQueueRecord : CheckpointRecord
{
    /// <summary>Its name, owner and permissions.</summary>
    public required SystemVIdentity Identity { get; init; }

    /// <summary>The most bytes that it holds, msg_qbytes.</summary>
    public required long MostBytes { get; init; }

    /// <summary>The process that sent last, msg_lspid; 0 for none.</summary>
    public required int LastSender { get; init; }

    /// <summary>The process that received last, msg_lrpid; 0 for none.</summary>
    public required int LastReceiver { get; init; }

    /// <summary>What waits in it, in order.</summary>
    public required IReadOnlyList<SystemVMessage> Messages { get; init; }
}

/// <summary>A message in a queue.</summary>
/// <param name="Type">Its type; greater than 0.</param>
/// <param name="Content">Its text.</param>
public readonly record struct SystemVMessage(long Type, ReadOnlyMemory<byte> Content);
