using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;
using LazyRestore.Agent.Protocol;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>Makes connections to page servers.</summary>
internal static class Dialer
{
    /// <summary>Connects, or starts the command that serves.</summary>
    internal static async Task<ByteChannel> DialAsync(RemoteLocation location, RemoteCredentials credentials, CancellationToken cancellation)
    {
        if (location.Command is { } command)
        {
            return Start(command);
        }

        Socket socket = location.SocketPath is null
            ? new Socket(SocketType.Stream, ProtocolType.Tcp)
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await (location.SocketPath is { } path
                ? socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation)
                : socket.ConnectAsync(location.Host!, location.Port, cancellation)).ConfigureAwait(false);
            return location.IsEncrypted
                ? await EncryptAsync(socket, location.Host!, credentials, cancellation).ConfigureAwait(false)
                : ByteChannel.Of(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<ByteChannel> EncryptAsync(Socket socket, string host, RemoteCredentials credentials, CancellationToken cancellation)
    {
        ByteChannel.Prepare(socket);
        SslStream stream = new(new NetworkStream(socket, ownsSocket: true));
        try
        {
            await stream.AuthenticateAsClientAsync(
                Encryption.OfClient(host, credentials.Authority, credentials.Certificate, credentials.Key), cancellation).ConfigureAwait(false);
            return ByteChannel.Of(stream);
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static ByteChannel Start(string command)
    {
        Process process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;

        // It ends with its standard input, which the thread closes that writes there.
        return ByteChannel.Of(process.StandardOutput.BaseStream, process.StandardInput.BaseStream, process.Dispose);
    }
}
