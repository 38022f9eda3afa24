namespace LazyRestore.Agent.Sources.Objects;

/// <summary>What tells that the object under a name is still the same. A server may know neither tag nor time.</summary>
/// <param name="Length">Bytes of the object.</param>
/// <param name="Tag">Its strong entity tag with the quotes, RFC 9110, section 8.8.3; null when there is none.</param>
/// <param name="Modified">When it was written last, to the second.</param>
internal sealed record ObjectVersion(long Length, string? Tag, DateTimeOffset? Modified)
{
    /// <summary>Whether what was answered belongs to another object. What an answer does not tell says nothing.</summary>
    internal bool Differs(ObjectVersion answered) =>
        answered.Length != Length
        || (Tag is not null && answered.Tag is not null ? answered.Tag != Tag
            : Modified is not null && answered.Modified is not null && answered.Modified != Modified);
}
