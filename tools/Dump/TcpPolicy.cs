namespace LazyRestore.Tools.Dump;

/// <summary>What a dump does about TCP connections.</summary>
public enum TcpPolicy
{
    /// <summary>They are refused.</summary>
    Refuse,

    /// <summary>They are saved, and go on after a restore.</summary>
    Save,

    /// <summary>They are not saved; the restored process finds them aborted.</summary>
    Close,
}
