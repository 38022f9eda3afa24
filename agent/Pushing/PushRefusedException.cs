namespace LazyRestore.Agent.Pushing;

/// <summary>A provider has pushed what is not the page that was checkpointed.</summary>
internal sealed class PushRefusedException(string provider, ulong address)
    : Exception($"{provider} has pushed a wrong page 0x{address:x}: its checksum is not the image's")
{
    /// <summary>The page's address.</summary>
    internal ulong Address => address;
}
