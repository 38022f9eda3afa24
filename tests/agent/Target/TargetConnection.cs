using System.Globalization;
using System.Net.Sockets;

namespace LazyRestore.Agent.Tests.Target;

/// <summary>A conversation with the target or with one of its children.</summary>
internal sealed class TargetConnection : IDisposable
{
    private const int DeadlineMilliseconds = 120_000;

    private readonly NetworkStream _stream;
    private readonly StreamReader _reader;

    public TargetConnection(Socket socket)
    {
        socket.ReceiveTimeout = DeadlineMilliseconds;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _reader = new StreamReader(_stream);
    }

    /// <summary>What the pages at an address are; a character each.</summary>
    public string Verify(ulong address, int pages, ulong? image = null) => Ask("verify", address, (ulong)pages, image ?? address);

    /// <summary>Has something done and expects that it succeeds.</summary>
    public void Do(string verb, ulong a = 0, ulong b = 0, ulong c = 0) => Assert.Equal("0", Ask(verb, a, b, c));

    public string Ask(string verb, ulong a = 0, ulong b = 0, ulong c = 0)
    {
        Say(verb, a, b, c);
        return Hear();
    }

    public void Say(string verb, ulong a = 0, ulong b = 0, ulong c = 0) =>
        _stream.Write(System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{verb} {a:x} {b:x} {c:x}\n")));

    public string Hear() => _reader.ReadLine() ?? throw new EndOfStreamException("the target has ended");

    public void Dispose() => _reader.Dispose();
}
