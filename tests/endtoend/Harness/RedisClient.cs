using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>As much of the Redis protocol as the tests need: commands of words, answers of one value.</summary>
internal sealed class RedisClient : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly TcpClient _connection;
    private readonly BufferedStream _stream;

    internal RedisClient(int port)
    {
        _connection = new TcpClient { ReceiveTimeout = (int)s_patience.TotalMilliseconds, NoDelay = true };
        _connection.Connect(IPAddress.Loopback, port);
        _stream = new BufferedStream(_connection.GetStream());
    }

    /// <summary>Whether a server answers there.</summary>
    internal static bool Answers(int port)
    {
        try
        {
            using RedisClient client = new(port);
            return client.Ask("PING") is "PONG";
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            return false;
        }
    }

    /// <summary>Sends a command and returns its answer.</summary>
    internal string Ask(params string[] words)
    {
        StringBuilder command = new();
        command.Append(CultureInfo.InvariantCulture, $"*{words.Length}\r\n");
        foreach (string word in words)
        {
            command.Append(CultureInfo.InvariantCulture, $"${word.Length}\r\n{word}\r\n");
        }

        _stream.Write(Encoding.ASCII.GetBytes(command.ToString()));
        _stream.Flush();
        return Answer();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stream.Dispose();
        _connection.Dispose();
    }

    private string Answer()
    {
        string line = Line();
        return line[0] switch
        {
            '+' or ':' => line[1..],
            '$' => Bulk(int.Parse(line.AsSpan(1))),
            _ => throw new IOException($"redis answers {line}"),
        };
    }

    private string Bulk(int length)
    {
        if (length < 0)
        {
            return "";
        }

        byte[] bytes = new byte[length + 2];
        _stream.ReadExactly(bytes);
        return Encoding.ASCII.GetString(bytes, 0, length);
    }

    private string Line()
    {
        StringBuilder line = new();
        int next;
        while ((next = _stream.ReadByte()) is not '\r')
        {
            line.Append(next < 0 ? throw new IOException("redis closed the connection") : (char)next);
        }

        _stream.ReadByte();
        return line.ToString();
    }
}
