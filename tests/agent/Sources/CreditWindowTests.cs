using System.Diagnostics;
using LazyRestore.Agent.Sources.Remote;

namespace LazyRestore.Agent.Tests.Sources;

public class CreditWindowTests
{
    private const long Piece = 128 << 10;
    private static readonly long s_millisecond = Stopwatch.Frequency / 1000;

    [Theory]
    [InlineData(1, 100, CreditWindow.Least, CreditWindow.Least)]
    [InlineData(10, 1000, 10_000_000, 30_000_000)]
    [InlineData(10, 12, CreditWindow.Least, CreditWindow.Least)]
    [InlineData(200, 1000, CreditWindow.Most, CreditWindow.Most)]
    public void WindowGrowsToWhatTheWayTakes(int turnMilliseconds, int bytesPerMicrosecond, long least, long most)
    {
        CreditWindow window = new();
        long turn = turnMilliseconds * s_millisecond;
        window.Turned(turn);
        Way way = new(turn, bytesPerMicrosecond * 1e6 / Stopwatch.Frequency);
        way.Grant(window.Size);
        for (int piece = 0; piece < 20_000; piece++)
        {
            way.Grant(window.Consume(Piece, way.Arrive(Piece)));
        }

        Assert.InRange(window.Size, least, most);
    }

    [Fact]
    public void WhatIsUnderWayIsNoMoreThanTheWindow()
    {
        CreditWindow window = new();
        window.Turned(s_millisecond);
        long granted = window.Size;
        long consumed = 0;
        for (long now = 0; now < 2000 * s_millisecond; now += s_millisecond / 4)
        {
            consumed += Piece;
            granted += window.Consume(Piece, now);
            Assert.InRange(granted - consumed, CreditWindow.Least / 2, CreditWindow.Most);
        }
    }

    // A link with a round trip and a bandwidth; the server sends as soon as it may.
    private sealed class Way(long turn, double bytesPerTick)
    {
        private readonly Queue<(long Bytes, double From)> _credit = new();
        private double _sent;
        private double _now;

        internal void Grant(long bytes)
        {
            if (bytes > 0)
            {
                _credit.Enqueue((bytes, _now + (turn / 2.0)));
            }
        }

        internal long Arrive(long bytes)
        {
            for (long left = bytes; left > 0;)
            {
                (long credit, double from) = _credit.Dequeue();
                long taken = Math.Min(credit, left);
                left -= taken;
                _sent = Math.Max(_sent, from) + (taken / bytesPerTick);
                if (taken < credit)
                {
                    _credit.Enqueue((credit - taken, from));
                    for (int others = _credit.Count - 1; others > 0; others--)
                    {
                        _credit.Enqueue(_credit.Dequeue());
                    }
                }
            }

            _now = Math.Max(_now, _sent + (turn / 2.0));
            return (long)_now;
        }
    }
}
