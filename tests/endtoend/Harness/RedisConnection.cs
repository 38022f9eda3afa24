using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>A connection that speaks RESP, the Redis protocol; replies are strings, errors fail the test.</summary>
internal sealed class RedisConnection : IDisposable
{
    private readonly TcpClient _client;
    private readonly BufferedStream _stream;

    internal RedisConnection(int port)
    {
        _client = new TcpClient("127.0.0.1", port) { ReceiveTimeout = 60_000, SendTimeout = 60_000, NoDelay = true };
        _stream = new(_client.GetStream(), 1 << 16);
    }

    internal string Call(params string[] command)
    {
        Send(command);
        _stream.Flush();
        return Reply();
    }

    /// <summary>Sends all commands before it reads any reply.</summary>
    internal void Pipeline(IEnumerable<string[]> commands)
    {
        int sent = 0;
        foreach (string[] command in commands)
        {
            Send(command);
            sent++;
        }

        _stream.Flush();
        for (int i = 0; i < sent; i++)
        {
            Reply();
        }
    }

    public void Dispose()
    {
        _client.Dispose();
    }

    private void Send(string[] command)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"*{command.Length}\r\n");
        foreach (string part in command)
        {
            text.Append(CultureInfo.InvariantCulture, $"${part.Length}\r\n{part}\r\n");
        }

        _stream.Write(Encoding.ASCII.GetBytes(text.ToString()));
    }

    private string Reply()
    {
        string line = Line();
        switch (line[0])
        {
            case '-':
                Assert.Fail($"redis-server says {line}");
                return "";
            case '$':
                int length = int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture);
                if (length < 0)
                {
                    return "(nil)";
                }

                byte[] bytes = new byte[length + 2];
                _stream.ReadExactly(bytes);
                return Encoding.ASCII.GetString(bytes, 0, length);
            default:
                return line[1..];
        }
    }

    private string Line()
    {
        StringBuilder text = new();
        while (_stream.ReadByte() is var value and not '\n')
        {
            Assert.True(value >= 0, "redis-server closed the connection");
            text.Append((char)value);
        }

        return text.ToString().TrimEnd('\r');
    }
}
