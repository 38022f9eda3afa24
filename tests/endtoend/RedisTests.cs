using System.Globalization;
using LazyRestore.EndToEnd.Tests.Harness;
using Xunit;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>A database of more than 100 MB.</summary>
public sealed class RedisTests
{
    private const int Keys = 200_000;
    private const int ValueBytes = 500;

    [Theory]
    [InlineData(RestoreMode.Lazy, "none")]
    [InlineData(RestoreMode.DemandOnly, "none")]
    [InlineData(RestoreMode.Eager, "none")]
    [InlineData(RestoreMode.Lazy, "lz4")]
    [InlineData(RestoreMode.Lazy, "zstd")]
    public async Task A_restored_database_holds_all_its_data_and_takes_more(RestoreMode mode, string codec)
    {
        using Scene scene = new();
        int port = FreePort.Find();
        RunningProcess server = scene.Start(
            "/usr/bin/redis-server", "--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
            "--enable-debug-command", "yes");
        await Deadline.Until(() => RedisClient.Answers(port) || server.HasExited, "redis answers");
        string digest = Fill(port);
        await WithoutClients(server.Id);

        await scene.Dump(server, "--compress", codec);
        Restored restored = await scene.Restore(mode);

        using RedisClient client = new(port);
        Assert.Equal(Value(4711), client.Ask("GET", "key:4711"));
        Assert.Equal(Keys.ToString(CultureInfo.InvariantCulture), client.Ask("DBSIZE"));
        Assert.Equal(Value(Keys - 1), client.Ask("GET", $"key:{Keys - 1}"));
        Assert.Equal(digest, client.Ask("DEBUG", "DIGEST"));
        for (int i = 0; i < 2000; i++)
        {
            Assert.Equal("OK", client.Ask("SET", $"later:{i}", Value(i)));
        }

        Assert.Equal("2000", client.Ask(["DEL", .. Enumerable.Range(0, 2000).Select(i => $"later:{i}")]));
        Assert.Equal(digest, client.Ask("DEBUG", "DIGEST"));
        _ = Interop.kill(restored.Pid, Interop.SIGTERM);
        Assert.Equal(0, await restored.Tool.Exit());
    }

    private static string Fill(int port)
    {
        using RedisClient client = new(port);
        Assert.Equal("OK", client.Ask("DEBUG", "POPULATE", $"{Keys}", "key", $"{ValueBytes}"));
        return client.Ask("DEBUG", "DIGEST");
    }

    private static string Value(int key) => $"value:{key}".PadRight(ValueBytes, '\0');

    // Established connections cannot be saved; the server closes its end of each a moment after the client did. What stays is the
    // socket it listens on.
    private static Task WithoutClients(int pid) =>
        Deadline.Until(() => ProcEntry.Descriptors(pid).Count(name => name.Contains("socket:", StringComparison.Ordinal)) is 1, "redis has no client");
}
