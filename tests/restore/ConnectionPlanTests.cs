using System.Buffers.Binary;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Network;
using LazyRestore.Restore.Plan;
using LazyRestore.Restore.Programs;
using Xunit;

namespace LazyRestore.Restore.Tests;

/// <summary>How TCP connections are made again, as data.</summary>
public sealed class ConnectionPlanTests
{
    private const int Tcp = 6;

    [Fact]
    public void NothingIsSentWhileASocketIsRepaired()
    {
        SystemCallProgram program = Plan(SampleCheckpoint.Connection);

        int repair = IndexOfOption(program, TcpOptions.Repair);
        int connect = program.Calls.Index().First(call => call.Item.Number == SystemCall.connect).Index;
        Assert.True(repair < connect);
        Assert.Equal(1, program.Calls.Count(call => IsOption(call, TcpOptions.Repair)));
        Assert.DoesNotContain(program.Calls, call => call.Number == SystemCall.shutdown);
    }

    [Fact]
    public void QueuesGoInPiecesThatTheKernelTakesAndWithoutWhatWasNotSent()
    {
        PlannedCall[] sent = [.. Plan(SampleCheckpoint.Connection).Calls.Where(call => call.Number == SystemCall.sendto)];

        Assert.Equal(["32768", "32768", "4464", "60"], sent.Select(call => call.Arguments[2].ToString().Replace("0x8000", "32768").Replace("0x1170", "4464")));
    }

    [Fact]
    public void ReuseOfTheAddressIsLeftToTheEndOfTheRepair()
    {
        SystemCallProgram program = Plan(SampleCheckpoint.Connection);

        Assert.DoesNotContain(
            program.Calls, call => call.Number == SystemCall.setsockopt && $"{call.Arguments[1]} {call.Arguments[2]}" == "1 2");
        Assert.Contains(program.Calls, call => call.Number == SystemCall.setsockopt && $"{call.Arguments[1]} {call.Arguments[2]}" == "6 1");
    }

    [Theory]
    [InlineData(true, TcpSendEnd.Open, 0)]
    [InlineData(true, TcpSendEnd.Sent, 0)]
    [InlineData(false, TcpSendEnd.Acknowledged, 1)]
    [InlineData(false, TcpSendEnd.Sent, 0)]
    public void OnlyWhatThePeerSaidIsSaidByASegment(bool peerEnded, TcpSendEnd end, int shutdowns)
    {
        SystemCallProgram program = Plan(SampleCheckpoint.Connection with { PeerEnded = peerEnded, SendEnd = end, SendQueue = default, Unsent = 0 });

        int raw = program.Calls.Count(call => call.Number == SystemCall.socket && call.Arguments[2].ToString() == "255");
        Assert.Equal(peerEnded || end is TcpSendEnd.Acknowledged ? 1 : 0, raw);
        Assert.Equal(shutdowns, program.Calls.Count(call => call.Number == SystemCall.shutdown));
    }

    [Theory]
    [InlineData("10.0.0.2", "10.0.0.1", 40)]
    [InlineData("fe80::2", "fe80::1", 60)]
    public void ASegmentHasTheChecksumThatItsReceiverDemands(string from, string to, int length)
    {
        byte[] packet = TcpSegment.Build(new ConnectionAddress(End(to, 80), End(from, 5000)), 7, 9, TcpSegment.End | TcpSegment.Acknowledgment, 500);

        Assert.Equal(length, packet.Length);
        byte[] segment = packet[^20..];
        byte[] pseudo = [.. End(from, 0).Address.Span, .. End(to, 0).Address.Span, 0, 6, 0, 20, .. segment];
        uint sum = 0;
        for (int i = 0; i < pseudo.Length; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(pseudo.AsSpan(i));
        }

        Assert.Equal(0xffffu, (sum & 0xffff) + (sum >> 16));
        Assert.Equal(5000, BinaryPrimitives.ReadUInt16BigEndian(segment));
        Assert.Equal(80, BinaryPrimitives.ReadUInt16BigEndian(segment.AsSpan(2)));
        Assert.Equal(17, segment[13]);
    }

    [Theory]
    [InlineData("127.0.0.1", "10.1.2.3", 5)]
    [InlineData("127.0.0.1", "10.1.2.3", 0)]
    [InlineData("::1", "fd00::17", 4)]
    public void ADatagramHasAChecksumThatReceiversAccept(string to, string from, int length)
    {
        const int HeaderLength = 8;
        byte[] content = [.. Enumerable.Range(1, length).Select(n => (byte)(n * 50))];
        byte[] packet = UdpDatagram.Build(End(from, 5000), End(to, 80), content);

        Span<byte> datagram = packet.AsSpan()[^(HeaderLength + length)..];
        Assert.Equal(content, datagram[HeaderLength..]);
        Assert.Equal(0, IpPacket.Checksum(End(from, 5000), End(to, 80), 17, datagram));
        Assert.Equal(5000, BinaryPrimitives.ReadUInt16BigEndian(datagram));
        Assert.Equal(80, BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]));
        Assert.Equal(HeaderLength + length, BinaryPrimitives.ReadUInt16BigEndian(datagram[4..]));
    }

    [Fact]
    public void AnAddressOfIPv4WithinIPv6CountsAsIPv4()
    {
        byte[] mapped = [10, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1, 0, 0, 0, 0];

        Assert.Equal("127.0.0.1:80", InetEndpoint.Of(mapped).ToString());
        Assert.False(InetEndpoint.Of(mapped).IsV6);
    }

    private static InetEndpoint End(string address, ushort port) => new(System.Net.IPAddress.Parse(address).GetAddressBytes(), port);

    private static SystemCallProgram Plan(TcpConnectionRecord connection) =>
        new DescriptorPlan(SampleCheckpoint.Build(connection), new Dictionary<int, string>(), new Dictionary<int, int>(), pid => pid).Create([connection], openFileLimit: 1024);

    private static int IndexOfOption(SystemCallProgram program, int option) => program.Calls.Index().First(call => IsOption(call.Item, option)).Index;

    private static bool IsOption(PlannedCall call, int option) =>
        call.Number == SystemCall.setsockopt && call.Arguments[1].ToString() == $"{Tcp}" && call.Arguments[2].ToString() == $"{option}";
}
