namespace LazyRestore.Agent.Serving;

/// <summary>Keeps forked children safe from the agent's death.</summary>
internal interface IChildKeeper
{
    /// <summary>Hands the descriptors of all children, the unborn among them, to whoever outlives the agent.</summary>
    void Keep();

    /// <summary>Takes a child up that has a state of its own now, and hands it over as well.</summary>
    void Adopt(AddressSpace child);
}
