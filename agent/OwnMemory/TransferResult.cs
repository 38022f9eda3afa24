namespace LazyRestore.Agent.OwnMemory;

/// <summary>What a transfer did.</summary>
/// <param name="MovedBytes">Bytes that are not at the source any more, with what was missing there.</param>
/// <param name="CopiedBytes">Bytes that are at both places.</param>
public readonly record struct TransferResult(long MovedBytes, long CopiedBytes);
