using System.Net;
using System.Net.Sockets;
using LazyRestore.Agent.Sources.Remote;

namespace LazyRestore.Agent.Server;

/// <summary>Sockets that others connect to, at tcp:// and tls:// addresses and UNIX sockets.</summary>
public static class Listener
{
    private const int Backlog = 128;

    /// <summary>Whether a host is a numeric address that only this host can reach.</summary>
    public static bool IsLoopback(string host) => IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address);

    /// <summary>Begins to listen. A UNIX socket is only for this user; one that nobody listens at any more is replaced.</summary>
    /// <exception cref="LazyRestoreException">That cannot be.</exception>
    public static Socket Open(string url)
    {
        RemoteLocation location = RemoteLocation.Parse(url);
        Socket socket = location.SocketPath is null
            ? new Socket(SocketType.Stream, ProtocolType.Tcp)
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            if (location.SocketPath is { } path)
            {
                RemoveStale(path);
                socket.Bind(new UnixDomainSocketEndPoint(path));
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
            else
            {
                socket.Bind(new IPEndPoint(IPAddress.Parse(location.Host!), location.Port));
            }

            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException problem)
        {
            socket.Dispose();
            throw new LazyRestoreException(FailureReason.Failed, $"cannot listen at {url}: {problem.Message}", "Choose another address.", problem);
        }
    }

    /// <summary>Removes what stays of a UNIX socket.</summary>
    public static void Remove(string url)
    {
        if (RemoteLocation.Parse(url).SocketPath is { } path)
        {
            File.Delete(path);
        }
    }

    // A server that was killed leaves its socket; one that lives is left alone.
    private static void RemoveStale(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException problem) when (problem.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
        }
    }
}
