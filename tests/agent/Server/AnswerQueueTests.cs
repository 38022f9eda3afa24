using LazyRestore.Agent.Protocol;
using LazyRestore.Agent.Server;

namespace LazyRestore.Agent.Tests.Server;

/// <summary>In which order a client gets its answers.</summary>
public sealed class AnswerQueueTests
{
    private const int Piece = PageProtocol.LongestPayload;

    [Fact]
    public async Task DemandPassesBulkThatHasBegun()
    {
        AnswerQueue queue = new();
        queue.Grant(ulong.MaxValue);
        queue.Add(Of(1, isBulk: true, 2 * Piece));
        Assert.Equal("1", await NextAsync(queue));
        queue.Add(Of(2, isBulk: false, 100));
        Assert.Equal("2", await NextAsync(queue));
        Assert.Equal("1", await NextAsync(queue));
        Assert.True(queue.IsEmpty);
    }

    [Fact]
    public async Task BulkWaitsForCreditAndDemandDoesNot()
    {
        AnswerQueue queue = new();
        queue.Grant(1);
        queue.Add(Of(1, isBulk: true, 3 * Piece));
        Assert.Equal("1", await NextAsync(queue));
        ValueTask<string> next = NextAsync(queue);
        Assert.False(next.IsCompleted);
        queue.Add(Of(2, isBulk: false, 1));
        Assert.Equal("2", await next);
        next = NextAsync(queue);
        Assert.False(next.IsCompleted);
        queue.Grant((ulong)Piece);
        Assert.Equal("1", await next);
    }

    [Fact]
    public async Task DemandsTakeTurnsAndFramesComeFirst()
    {
        AnswerQueue queue = new();
        queue.Add(Of(1, isBulk: false, 2 * Piece));
        queue.Add(Of(2, isBulk: false, 1));
        queue.Add(Frames.Bare(FrameKind.Pong));
        Assert.Equal(["frame", "1", "2", "1"], [await NextAsync(queue), await NextAsync(queue), await NextAsync(queue), await NextAsync(queue)]);
    }

    [Fact]
    public async Task ACancelledAnswerIsForgottenAndADrainedQueueEnds()
    {
        AnswerQueue queue = new();
        queue.Add(Of(1, isBulk: true, 1));
        queue.Add(Of(2, isBulk: false, 1));
        queue.Drain();
        queue.Cancel(1);
        Assert.Equal("2", await NextAsync(queue));
        Assert.Equal("end", await NextAsync(queue));
    }

    [Fact]
    public void TheNumberOfRequestsIsBounded()
    {
        AnswerQueue queue = new();
        for (ulong id = 1; id <= PageProtocol.MostRequests; id++)
        {
            queue.Add(Of(id, isBulk: true, 1));
        }

        Assert.Throws<PageProtocolException>(() => queue.Add(Of(0, isBulk: false, 1)));
    }

    private static Answer Of(ulong id, bool isBulk, int length) => new(id, isBulk, new byte[length]);

    private static async ValueTask<string> NextAsync(AnswerQueue queue)
    {
        (byte[]? frame, Answer? answer, int length) = await queue.NextAsync(CancellationToken.None);
        answer?.Fill(new byte[length]);
        return frame is not null ? "frame" : answer is null ? "end" : $"{answer.Id}";
    }
}
