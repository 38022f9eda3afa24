namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>When the memory of a restored process arrives.</summary>
public enum RestoreMode
{
    /// <summary>On demand, and in the background.</summary>
    Lazy,

    /// <summary>On demand only.</summary>
    DemandOnly,

    /// <summary>All of it before the process runs.</summary>
    Eager,
}
