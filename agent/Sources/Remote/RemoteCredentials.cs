namespace LazyRestore.Agent.Sources.Remote;

/// <summary>
/// What proves to page servers who we are, and to us who they are: names of files, which are read for each connection, so that
/// what is in them can be replaced.
/// </summary>
public sealed record RemoteCredentials
{
    /// <summary>A file with the bearer token; null for none.</summary>
    public string? TokenFile { get; init; }

    /// <summary>A PEM file with the certificates that may have signed those of servers; null for those that the host trusts.</summary>
    public string? Authority { get; init; }

    /// <summary>A PEM file with our own certificate, and those between it and the authority; null for none.</summary>
    public string? Certificate { get; init; }

    /// <summary>The PEM file of its private key; null when the certificate's file has it.</summary>
    public string? Key { get; init; }
}
