namespace LazyRestore.Agent.Moving;

/// <summary>The numbers that the mover's own descriptors have.</summary>
/// <param name="Fault">The userfaultfd.</param>
/// <param name="Commands">The eventfd that tells of new commands.</param>
/// <param name="Done">The eventfd that tells of finished ones.</param>
/// <param name="Process">A pidfd of the restored process.</param>
/// <param name="Agent">A pidfd of the agent.</param>
public readonly record struct MoverDescriptors(int Fault, int Commands, int Done, int Process, int Agent);
