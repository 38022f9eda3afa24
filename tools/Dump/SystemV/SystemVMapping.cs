namespace LazyRestore.Tools.Dump.SystemV;

/// <summary>Where processes of a tree have a segment of System V shared memory mapped.</summary>
/// <param name="Id">The segment's identifier.</param>
/// <param name="ObjectId">The number of its content in the image.</param>
/// <param name="Count">How many VMAs there are of it, which the kernel counts as attachments.</param>
/// <param name="IsWhole">Whether every attachment is there from the first byte to the last.</param>
internal sealed record SystemVMapping(int Id, int ObjectId, int Count, bool IsWhole);
