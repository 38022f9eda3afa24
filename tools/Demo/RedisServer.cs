using System.Globalization;
using System.IO.Hashing;
using System.Net.Sockets;
using System.Text;

namespace LazyRestore.Tools.Demo;

/// <summary>A redis-server on a socket in the demo's folder, with values that differ from run to run.</summary>
internal sealed class RedisServer(string folder, int mebibytes) : DemoProgram(folder)
{
    private const int ValueBytes = 1024;
    private const int BatchKeys = 256;

    private readonly int _keys = mebibytes * (1024 * 1024 / ValueBytes);

    /// <inheritdoc/>
    public override string Name => "redis-server";

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Command =>
    [
        "redis-server", "--port", "0", "--unixsocket", SocketPath, "--dir", Folder, "--save", "", "--appendonly", "no",
        "--daemonize", "no", "--logfile", Path.Combine(Folder, "redis.log"),
    ];

    private string SocketPath => Path.Combine(Folder, "redis.sock");

    /// <inheritdoc/>
    public override void Fill(CancellationToken cancellation)
    {
        using RespConnection connection = RespConnection.Open(SocketPath);
        byte[] value = new byte[ValueBytes];
        for (int first = 0; first < _keys; first += BatchKeys)
        {
            cancellation.ThrowIfCancellationRequested();
            List<ReadOnlyMemory<byte>> words = [Encoding.ASCII.GetBytes("MSET")];
            foreach (int key in Batch(first))
            {
                Random.Shared.NextBytes(value);
                words.Add(NameOf(key));
                words.Add(value.ToArray());
            }

            connection.Ask(words, static _ => { });
        }
    }

    /// <inheritdoc/>
    public override void AwaitAnswer(CancellationToken cancellation) => Await(Answers, "an answer", cancellation);

    /// <inheritdoc/>
    public override string Digest(CancellationToken cancellation)
    {
        using RespConnection connection = RespConnection.Open(SocketPath);
        XxHash128 digest = new();
        for (int first = 0; first < _keys; first += BatchKeys)
        {
            cancellation.ThrowIfCancellationRequested();
            connection.Ask([Encoding.ASCII.GetBytes("MGET"), .. Batch(first).Select(NameOf)], digest.Append);
        }

        connection.Ask([Encoding.ASCII.GetBytes("DBSIZE")], digest.Append);
        return Convert.ToHexStringLower(digest.GetCurrentHash());
    }

    private bool Answers()
    {
        try
        {
            using RespConnection connection = RespConnection.Open(SocketPath);
            connection.Ask([Encoding.ASCII.GetBytes("GET"), NameOf(0)], static _ => { });
            return true;
        }
        catch (SocketException)
        {
            // It does not listen yet.
            return false;
        }
    }

    private IEnumerable<int> Batch(int first) => Enumerable.Range(first, Math.Min(BatchKeys, _keys - first));

    private static ReadOnlyMemory<byte> NameOf(int key) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"key:{key}"));
}
