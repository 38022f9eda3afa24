using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>A redis-server of one test, on a port of its own.</summary>
internal sealed class RedisServer : IDisposable
{
    private const string Program = "/usr/bin/redis-server";
    private readonly int _port;
    private readonly int _descriptors;

    private RedisServer(Subject subject, int port)
    {
        Subject = subject;
        _port = port;
        subject.Await("redis-server answers", () =>
        {
            try
            {
                using RedisConnection redis = Connect();
                return redis.Call("PING") == "PONG";
            }
            catch (SocketException)
            {
                return false;
            }
        });
        _descriptors = Proc.Descriptors(subject.Pid).Count(IsNoClient);
    }

    internal Subject Subject { get; }

    internal int Port => _port;

    internal static RedisServer Start()
    {
        Assert.SkipUnless(File.Exists(Program), "redis-server is not installed");
        int port = FreePort();
        return new(
            Subject.StartUnready(LazyRestoreBinary.Native, folder =>
            [
                Program, "--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--save", "", "--dir", folder,
                "--enable-debug-command", "yes", "--daemonize", "no",
            ]),
            port);
    }

    internal static string Value(int key) => $"{key}:" + new string((char)('a' + (key % 26)), 120 + (key % 50));

    internal RedisConnection Connect() => new(_port);

    /// <summary>Stores so many keys and returns the digest of the data set.</summary>
    internal string Fill(int keys)
    {
        using (RedisConnection redis = Connect())
        {
            for (int first = 0; first < keys; first += 10_000)
            {
                int count = Math.Min(10_000, keys - first);
                redis.Pipeline(Enumerable.Range(first, count).Select(key => (string[])["SET", $"key:{key}", Value(key)]));
            }

            string digest = redis.Call("DEBUG", "DIGEST");
            redis.Dispose();
            AwaitNoClients();
            return digest;
        }
    }

    internal void AwaitNoClients() => Subject.Await(
        "redis-server has let go of its clients", () => Proc.Descriptors(Subject.Pid).Count() <= _descriptors);

    public void Dispose()
    {
        // redis-server rewrites its command line; the directory it lives in tells that it is ours.
        if (Proc.Link($"/proc/{Subject.Pid}/cwd") == Subject.Scratch.Folder)
        {
            Signals.Send(Subject.Pid, Signals.Kill);
            Subject.Await("redis-server ends", () => !Proc.IsAlive(Subject.Pid));
        }

        Subject.Dispose();
    }

    private bool IsNoClient(int descriptor) => descriptor >= 0;

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
