using System.Buffers.Binary;
using LazyRestore.Tools.Dump.Proc;

namespace LazyRestore.Tools.Tests.Dump;

public sealed class UnixDiagnosticsTests
{
    [Fact]
    public void A_request_asks_for_all_states_with_peers_and_queues()
    {
        byte[] request = UnixDiagnostics.Request();

        Assert.Equal(40, request.Length);
        Assert.Equal("2800000014000103000000000000000001000000FFFFFFFF0000000014000000" + "0000000000000000", Convert.ToHexString(request));
    }

    [Fact]
    public void Sockets_come_with_peer_queue_and_shutdown()
    {
        byte[] datagram = Message(20,
        [
            1, 1, 1, 0, .. Word(4711), .. Word(0), .. Word(0),
            .. Attribute(2, Word(4712)), .. Attribute(4, [.. Word(3), .. Word(128)]), .. Attribute(6, [2]),
        ]);
        Dictionary<ulong, UnixSocketState> sockets = [];

        bool last = UnixDiagnostics.Parse([.. datagram, .. Message(3, Word(0))], sockets);

        Assert.True(last);
        Assert.Equal(new UnixSocketState(4711, 1, 4712, 3, 128, 2), sockets[4711]);
    }

    [Fact]
    public void An_answer_that_goes_on_is_not_the_last() => Assert.False(UnixDiagnostics.Parse([], []));

    [Fact]
    public void A_refusal_names_the_remedy()
    {
        LazyRestoreException error = Assert.Throws<LazyRestoreException>(() => UnixDiagnostics.Parse(Message(2, Word(-2)), []));

        Assert.Equal(FailureReason.Unsupported, error.Reason);
        Assert.Contains("errno 2", error.Message);
    }

    private static byte[] Message(ushort type, byte[] body) =>
        [.. Word(16 + body.Length), .. BitConverter.GetBytes(type), 0, 0, .. Word(0), .. Word(0), .. body];

    private static byte[] Attribute(ushort type, byte[] value) =>
        [.. BitConverter.GetBytes((ushort)(4 + value.Length)), .. BitConverter.GetBytes(type), .. value, .. new byte[-value.Length & 3]];

    private static byte[] Word(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
