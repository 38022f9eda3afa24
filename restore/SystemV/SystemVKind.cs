using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.SystemV;

/// <summary>One of the three kinds of System V objects, with its calls and how /proc names it.</summary>
/// <param name="Name">shm, sem or msg.</param>
/// <param name="Noun">What messages call one.</param>
/// <param name="Control">shmctl(2), semctl(2) or msgctl(2).</param>
internal sealed record SystemVKind(string Name, string Noun, SystemCall Control)
{
    internal static readonly SystemVKind Segment = new("shm", "System V shared memory", SystemCall.shmctl);

    internal static readonly SystemVKind Semaphores = new("sem", "the System V semaphore set", SystemCall.semctl);

    internal static readonly SystemVKind Queue = new("msg", "the System V message queue", SystemCall.msgctl);
}
