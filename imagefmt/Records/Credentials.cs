namespace LazyRestore.ImageFormat.Records;

/// <summary>The credentials of a thread: credentials(7) and capabilities(7).</summary>
public sealed record Credentials
{
    /// <summary>Real, effective, saved and file-system user IDs.</summary>
    public required IReadOnlyList<uint> UserIds { get; init; }

    /// <summary>Real, effective, saved and file-system group IDs.</summary>
    public required IReadOnlyList<uint> GroupIds { get; init; }

    /// <summary>Supplementary group IDs.</summary>
    public required IReadOnlyList<uint> Groups { get; init; }

    /// <summary>The inheritable capability set, a bit per CAP_*.</summary>
    public required ulong Inheritable { get; init; }

    /// <summary>The permitted capability set.</summary>
    public required ulong Permitted { get; init; }

    /// <summary>The effective capability set.</summary>
    public required ulong Effective { get; init; }

    /// <summary>The capability bounding set.</summary>
    public required ulong Bounding { get; init; }

    /// <summary>The ambient capability set.</summary>
    public required ulong Ambient { get; init; }

    /// <summary>PR_GET_SECUREBITS.</summary>
    public required uint SecureBits { get; init; }

    /// <summary>PR_GET_NO_NEW_PRIVS.</summary>
    public required bool NoNewPrivileges { get; init; }

    /// <summary>Whether two credentials grant and deny the same; lists are compared by content.</summary>
    public bool SameAs(Credentials other) =>
        UserIds.SequenceEqual(other.UserIds) && GroupIds.SequenceEqual(other.GroupIds) && Groups.SequenceEqual(other.Groups)
        && Inheritable == other.Inheritable && Permitted == other.Permitted && Effective == other.Effective
        && Bounding == other.Bounding && Ambient == other.Ambient
        && SecureBits == other.SecureBits && NoNewPrivileges == other.NoNewPrivileges;
}
