using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace LazyRestore.Tools.Demo;

/// <summary>Asks a redis-server, in the protocol RESP2 that all its versions speak.</summary>
internal sealed class RespConnection : IDisposable
{
    private readonly BufferedStream _stream;

    private RespConnection(Socket socket) => _stream = new BufferedStream(new NetworkStream(socket, ownsSocket: true), 1 << 16);

    /// <summary>Connects to a UNIX-domain socket.</summary>
    public static RespConnection Open(string path)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new RespConnection(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends a command and hands over the lines and values of its reply.</summary>
    /// <exception cref="LazyRestoreException">The server refused.</exception>
    public void Ask(IReadOnlyList<ReadOnlyMemory<byte>> words, Action<byte[]> received)
    {
        WriteLine($"*{words.Count}");
        foreach (ReadOnlyMemory<byte> word in words)
        {
            WriteLine($"${word.Length}");
            _stream.Write(word.Span);
            _stream.Write("\r\n"u8);
        }

        _stream.Flush();
        ReadReply(received);
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private void WriteLine(string line) => _stream.Write(Encoding.ASCII.GetBytes(line + "\r\n"));

    private void ReadReply(Action<byte[]> received)
    {
        string line = ReadLine();
        received(Encoding.ASCII.GetBytes(line));
        switch (line)
        {
            case ['-', .. var problem]:
                throw new LazyRestoreException(FailureReason.Failed, $"redis-server answered: {problem}");
            case ['$', .. var length] when Number(length) >= 0:
                byte[] value = new byte[Number(length)];
                _stream.ReadExactly(value);
                received(value);
                ReadLine();
                break;
            case ['*', .. var count]:
                for (int i = Number(count); i > 0; i--)
                {
                    ReadReply(received);
                }

                break;
        }
    }

    private static int Number(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);

    private string ReadLine()
    {
        StringBuilder line = new();
        for (int next; (next = _stream.ReadByte()) is not '\r';)
        {
            line.Append(next >= 0 ? (char)next : throw new EndOfStreamException("redis-server closed the connection"));
        }

        _stream.ReadByte();
        return line.ToString();
    }
}
