using LazyRestore.Agent.Protocol;

namespace LazyRestore.Agent.Server;

/// <summary>Whom a <see cref="PageServer"/> serves, and how many.</summary>
public sealed record PageServerOptions
{
    /// <summary>A file with the token that clients have to know; null when none is needed.</summary>
    public string? TokenFile { get; init; }

    /// <summary>A PEM file with the server's certificate, for connections that are encrypted.</summary>
    public string? Certificate { get; init; }

    /// <summary>The PEM file of its private key; null when the certificate's file has it.</summary>
    public string? Key { get; init; }

    /// <summary>A PEM file with the certificates that must have signed those of clients; null when clients need none.</summary>
    public string? ClientAuthority { get; init; }

    /// <summary>How many clients are served at once.</summary>
    public int MostClients { get; init; } = 1024;

    /// <summary>How many connections may be there that have not said who they are; the oldest makes room for a new one.</summary>
    public int MostStrangers { get; init; } = 64;

    /// <summary>How long to wait for what.</summary>
    internal PageTimeouts Timeouts { get; init; } = PageTimeouts.Usual;
}
