using System.Diagnostics;
using LazyRestore.Agent.Moving;

namespace LazyRestore.Agent.Tests.Moving;

public class MoverPaceTests
{
    private static readonly long s_millisecond = Stopwatch.Frequency / 1000;
    private long _now = Stopwatch.Frequency;

    [Fact]
    public void AFastMoverNeverRests()
    {
        MoverPace pace = new();
        for (int extent = 0; extent < 1000; extent++)
        {
            Move(pace, s_millisecond / 2);
            Assert.False(pace.IsResting(_now));
        }
    }

    [Fact]
    public void OneSlowExtentIsForgivenAndManyAreNot()
    {
        MoverPace pace = new();
        Move(pace, 20 * s_millisecond);
        Assert.False(pace.IsResting(_now));

        Move(pace, 20 * s_millisecond);
        Assert.True(pace.IsResting(_now));
    }

    [Fact]
    public void ItIsTriedAgainAfterASecond()
    {
        MoverPace pace = new();
        while (!pace.IsResting(_now))
        {
            Move(pace, 10 * s_millisecond);
        }

        _now += Stopwatch.Frequency;
        Assert.False(pace.IsResting(_now));
        Move(pace, s_millisecond / 2);
        Assert.False(pace.IsResting(_now));
    }

    [Fact]
    public void WhatWaitsBehindOthersIsNotSlow()
    {
        MoverPace pace = new();
        long submitted = _now;
        for (int extent = 0; extent < 100; extent++)
        {
            _now += s_millisecond / 2;
            pace.Moved(submitted, _now);
        }

        Assert.False(pace.IsResting(_now));
    }

    private void Move(MoverPace pace, long duration)
    {
        long submitted = _now;
        _now += duration;
        pace.Moved(submitted, _now);
    }
}
