namespace LazyRestore.Agent.Shared;

/// <summary>A range of the process in which a shared memory object is mapped and registered with its own userfaultfd.</summary>
/// <param name="Start">First address; a multiple of the page size.</param>
/// <param name="End">First address after it.</param>
/// <param name="Offset">The offset in the object of the page at <paramref name="Start"/>, in bytes.</param>
public sealed record SharedMapping(ulong Start, ulong End, ulong Offset);
