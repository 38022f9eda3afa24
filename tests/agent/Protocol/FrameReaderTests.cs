using System.Buffers;
using System.IO.Pipelines;
using LazyRestore.Agent.Protocol;

namespace LazyRestore.Agent.Tests.Protocol;

/// <summary>Frames out of what arrives, however it is cut, and whatever it claims.</summary>
public sealed class FrameReaderTests
{
    [Fact]
    public async Task FramesAreFoundHoweverTheyAreCut()
    {
        byte[] data = new byte[DataFrame.HeadLength + 5];
        DataFrame.Write(data, 7, isLast: true, 5);
        "hello"u8.CopyTo(data.AsSpan(DataFrame.HeadLength));
        byte[] stream = [.. Frames.Open(3, "an image"), .. data, .. Frames.Bare(FrameKind.Ping)];
        Pipe pipe = new();
        FrameReader reader = new(pipe.Reader);
        Task feeding = Task.Run(async () =>
        {
            foreach (byte next in stream)
            {
                await pipe.Writer.WriteAsync(new[] { next });
            }

            await pipe.Writer.CompleteAsync();
        });

        Assert.True(await reader.ReadAsync(CancellationToken.None));
        Assert.Equal((FrameKind.Open, 3UL, "an image"), ReadOpen(reader.Frame));
        Assert.True(await reader.ReadAsync(CancellationToken.None));
        Assert.Equal((7UL, true, "hello"u8.ToArray()), (reader.Id, reader.IsLast, reader.Payload.ToArray()), EqualData);
        Assert.True(await reader.ReadAsync(CancellationToken.None));
        Assert.Equal(FrameKind.Ping, KindOf(reader.Frame));
        Assert.False(await reader.ReadAsync(CancellationToken.None));
        await feeding;
    }

    public static TheoryData<string> Hostile =>
    [
        "c1", // no MessagePack
        "dd7fffffff", // two billion elements
        "92a464617461c6ffffffff", // four GiB of something
        "c6ffffffff",
        "94a464617461cf0000000000000001c2c6ffffffff", // a payload of four GiB
        "94a464617461cf0000000000000001c3c400000000", // a payload of another form
    ];

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task WhatIsNotAllowedEndsItBeforeAnythingIsAllocated(string bytes)
    {
        Pipe pipe = new();
        await pipe.Writer.WriteAsync(Convert.FromHexString(bytes));
        await Assert.ThrowsAsync<PageProtocolException>(async () => await new FrameReader(pipe.Reader).ReadAsync(CancellationToken.None));
    }

    [Fact]
    public async Task AFrameThatIsCutOffIsAnError()
    {
        Pipe pipe = new();
        await pipe.Writer.WriteAsync(Frames.Open(1, "x").AsMemory(0, 4));
        await pipe.Writer.CompleteAsync();
        await Assert.ThrowsAsync<EndOfStreamException>(async () => await new FrameReader(pipe.Reader).ReadAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData("91a16f")] // an unknown name
    [InlineData("92a46f70656e01")] // open without a name
    [InlineData("93a46f70656effa178")] // a negative number
    [InlineData("93a46f70656ea178a178")] // a text for a number
    public void ArgumentsAreChecked(string frame)
    {
        byte[] bytes = Convert.FromHexString(frame);
        FrameArguments arguments = FrameArguments.Read(bytes, out FrameKind kind);
        if (kind == FrameKind.Unknown)
        {
            return;
        }

        Assert.Throws<PageProtocolException>(() => ReadOpen(bytes));
    }

    private static bool EqualData((ulong Id, bool IsLast, byte[] Bytes) a, (ulong Id, bool IsLast, byte[] Bytes) b) =>
        a.Id == b.Id && a.IsLast == b.IsLast && a.Bytes.AsSpan().SequenceEqual(b.Bytes);

    private static FrameKind KindOf(ReadOnlyMemory<byte> frame)
    {
        _ = FrameArguments.Read(frame, out FrameKind kind);
        return kind;
    }

    private static (FrameKind Kind, ulong Id, string Name) ReadOpen(ReadOnlyMemory<byte> frame)
    {
        FrameArguments arguments = FrameArguments.Read(frame, out FrameKind kind);
        return (kind, arguments.Number(), arguments.Text());
    }
}
