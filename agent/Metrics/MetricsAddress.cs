using System.Net;
using System.Net.Sockets;

namespace LazyRestore.Agent.Metrics;

/// <summary>Where metrics can be fetched: at a loopback address of this host, since HTTP is not encrypted, or at a UNIX socket.</summary>
/// <param name="EndPoint">The address.</param>
/// <param name="SocketPath">The UNIX socket; null when it is none.</param>
public sealed record MetricsAddress(EndPoint EndPoint, string? SocketPath = null)
{
    private const string Unix = "unix:";

    /// <summary>Reads ADDRESS:PORT or unix:PATH; null, and why, when it is neither.</summary>
    public static MetricsAddress? TryParse(string text, out string problem)
    {
        problem = "";
        if (text.StartsWith(Unix, StringComparison.Ordinal) && text.Length > Unix.Length)
        {
            string path = Path.GetFullPath(text[Unix.Length..]);
            try
            {
                return new MetricsAddress(new UnixDomainSocketEndPoint(path), path);
            }
            catch (ArgumentOutOfRangeException)
            {
                problem = $"'{text}' is too long for the name of a socket";
                return null;
            }
        }

        if (!IPEndPoint.TryParse(text, out IPEndPoint? address)
            || !text.Contains(address.AddressFamily == AddressFamily.InterNetworkV6 ? "]:" : ":", StringComparison.Ordinal))
        {
            problem = $"'{text}' is neither ADDRESS:PORT nor unix:PATH";
            return null;
        }

        if (!IPAddress.IsLoopback(address.Address))
        {
            problem = $"'{text}' is no loopback address; metrics are given to this host alone";
            return null;
        }

        return new MetricsAddress(address);
    }
}
