using System.Net;
using System.Net.Sockets;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>A TCP port of the loopback address that nobody uses.</summary>
internal static class FreePort
{
    internal static int Find()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
