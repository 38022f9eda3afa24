namespace LazyRestore.Agent.OwnMemory;

/// <summary>Produces a page of a <see cref="DemandMemory"/>, on a thread of that memory. It must not read from the memory itself.</summary>
/// <param name="offset">Where the page begins; a multiple of the page size.</param>
/// <param name="page">To be filled; it is zero. Valid until the return.</param>
/// <returns>Whether the page could be had; when not, or when this throws, whoever touches it gets an error.</returns>
public delegate bool PageFiller(long offset, Span<byte> page);
