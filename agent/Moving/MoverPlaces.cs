namespace LazyRestore.Agent.Moving;

/// <summary>Where the mover works in the address space of the restored process.</summary>
/// <param name="Shared">The memory it shares with the agent; a multiple of 2 MiB.</param>
/// <param name="Stage">Private memory that it fills and moves from, 2 MiB a slot; a multiple of 2 MiB.</param>
public readonly record struct MoverPlaces(ulong Shared, ulong Stage);
