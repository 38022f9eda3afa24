using System.Diagnostics;
using LazyRestore.Agent.WorkingSets;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Tests.WorkingSets;

public class WorkingSetRecorderTests
{
    private readonly WorkingSetRecorder _recorder = new(start: 0);

    [Fact]
    public void PagesAreNotedOnceInTheOrderOfTheirFirstTouch()
    {
        foreach (ulong page in (ulong[])[7, 8, 3, 8, 9, 4, 7])
        {
            _recorder.Touch(page * 4096);
        }

        Assert.Equal([new(7 * 4096, 2), new(3 * 4096, 1), new(9 * 4096, 1), new(4 * 4096, 1)], _recorder.Recorded.Runs);
    }

    [Fact]
    public void TheWindowClosesWhenTheProcessHasSettled()
    {
        ulong page = 0;
        for (int tenth = 1; tenth <= 20; tenth++)
        {
            Touch(ref page, count: 100);
            LookAfter(tenth);
        }

        // A twentieth of the busiest moment is quiet.
        for (int tenth = 21; tenth <= 29; tenth++)
        {
            Touch(ref page, count: 5);
            LookAfter(tenth);
            Assert.True(_recorder.IsOpen);
        }

        LookAfter(30);
        Assert.False(_recorder.IsOpen);
    }

    [Fact]
    public void ItStaysOpenWhileTheProcessIsBusyButNotForEver()
    {
        ulong page = 0;
        for (int tenth = 1; tenth < 300; tenth++)
        {
            Touch(ref page, count: 10);
            LookAfter(tenth);
            Assert.True(_recorder.IsOpen);
        }

        Touch(ref page, count: 10);
        LookAfter(300);
        Assert.False(_recorder.IsOpen);
    }

    [Fact]
    public void SilenceIsSeenAfterwards()
    {
        Touch(0);
        LookAfter(50);
        Assert.False(_recorder.IsOpen);
    }

    private void Touch(ref ulong page, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Touch(page += 2);
        }
    }

    private void Touch(ulong page) => _recorder.Touch(page * ImageLayout.PageSize);

    private void LookAfter(int tenths) => _recorder.Look(tenths * (Stopwatch.Frequency / 10));
}
