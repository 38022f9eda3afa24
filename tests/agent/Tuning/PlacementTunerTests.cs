using LazyRestore.Agent.Costs;
using LazyRestore.Agent.Tuning;

namespace LazyRestore.Agent.Tests.Tuning;

/// <summary>The tuner's decisions, by costs that the tests set.</summary>
public sealed class PlacementTunerTests
{
    private static readonly TunerSettings s_assumed = new(PlacementMethod.Move, ChoiceReason.Assumed);

    [Fact]
    public void WhatIsCheaperIsKept()
    {
        SimulatedPlacing placing = new(s_assumed) { Fetch = 200, Copy = 400, Move = 300 };
        Assert.InRange(placing.Place(2000), 1980, 1999);
        PlacementReport report = placing.Tuner.Report;
        Assert.Equal((PlacementMethod.Move, ChoiceReason.Assumed), (report.Method, report.Reason));
        Assert.Empty(report.Switches);
        Assert.Equal(300, report.MoveNanoseconds!.Value * 512 / 1000, 0.1);
        Assert.Equal(600, report.CopyNanoseconds!.Value * 512 / 1000, 0.1);
    }

    /// <summary>Assumed are 1024 µs for placing an extent, so moves of 40 ms lose a third of the patience each.</summary>
    [Fact]
    public void WhatIsDearIsLeftAfterThreeExtents()
    {
        SimulatedPlacing placing = new(s_assumed) { Fetch = 200, Copy = 400, Move = 40_000 };
        Assert.Equal(3, placing.Place(100));
        PlacementSwitch change = Assert.Single(placing.Tuner.Report.Switches);
        Assert.Equal((PlacementMethod.Copy, TimeSpan.FromMilliseconds(120)), (change.To, change.After));
    }

    [Theory]
    [InlineData(1.03, 0)]
    [InlineData(1.06, 1)]
    public void MovingMayBeAsDearAsCopyingAndHardlyDearer(double ratio, int switches)
    {
        SimulatedPlacing placing = new(s_assumed) { Fetch = 200, Copy = 400, Move = 600 * ratio };
        placing.Tuner.Know(Known(copy: 400_000 / 512.0, move: 400_000 / 512.0));
        placing.Place(4000);
        Assert.Equal(switches, placing.Tuner.Report.Switches.Length);
    }

    [Fact]
    public void AroundTheToleranceNothingEverChanges()
    {
        SimulatedPlacing placing = new(s_assumed) { Fetch = 200, Copy = 400 };
        for (int i = 0; i < 200; i++)
        {
            placing.Move = i % 2 == 0 ? 560 : 670;
            placing.Place(50);
        }

        Assert.Empty(placing.Tuner.Report.Switches);
    }

    /// <summary>A process of 256 MiB whose machine has to make every huge page first: what it once took was 2.8 times as long as copying.</summary>
    [Theory]
    [InlineData(200, 990, 2550)]
    [InlineData(200, 990, 12_000)]
    [InlineData(200, 990, 1400)]
    [InlineData(200, 990, 500)]
    public void AShortRunLosesLittleToTheBetterMethod(double fetch, double copy, double move)
    {
        SimulatedPlacing placing = new(s_assumed) { Fetch = fetch, Copy = copy, Move = move };
        placing.Tuner.Know(Known(copy: 600, move: 330));
        placing.Place(128);
        double best = Math.Min(placing.Fixed.Copying, placing.Fixed.Moving);

        // One extent that is disturbed is not the method's fault, so with moves of 12 ms it takes three of them to know.
        Assert.InRange(placing.Now / best, 1.0, move > 10_000 ? 1.23 : 1.05);
    }

    [Fact]
    public void AFewDisturbedExtentsChangeNothing()
    {
        SimulatedPlacing placing = new(s_assumed) { Fetch = 200, Copy = 400 };
        for (int i = 0; i < 100; i++)
        {
            placing.Move = 300;
            placing.Place(40);
            placing.Move = 50_000;
            placing.Place(3);
        }

        Assert.Empty(placing.Tuner.Report.Switches);
    }

    [Fact]
    public void WhatHasBecomeCheaperIsFoundByTryingIt()
    {
        SimulatedPlacing placing = new(s_assumed) { Fetch = 200, Copy = 400, Move = 20_000 };
        placing.Place(100);
        Assert.Equal(PlacementMethod.Copy, placing.Tuner.Method);
        placing.Move = 250;
        placing.Place(60_000);
        Assert.Equal([PlacementMethod.Copy, PlacementMethod.Move], placing.Tuner.Report.Switches.Select(change => change.To));
    }

    [Theory]
    [InlineData(200, 400, 300)]
    [InlineData(200, 400, 8000)]
    [InlineData(10, 100, 150)]
    [InlineData(5000, 400, 300)]
    public void TryingTakesAHundredthOfTheTimeAtMost(double fetch, double copy, double move)
    {
        SimulatedPlacing placing = new(s_assumed) { Fetch = fetch, Copy = copy, Move = move };
        for (int i = 0; i < 200; i++)
        {
            placing.Place(50);
            PlacementReport report = placing.Tuner.Report;
            Assert.InRange(report.Tried.TotalMicroseconds, 0, (report.Worked.TotalMicroseconds / 100) + 1);
        }

        Assert.True(placing.Tuner.Report.Tried > TimeSpan.Zero);
    }

    /// <summary>Costs that change places as often as can be: each switch takes twice the patience of the one before.</summary>
    [Fact]
    public void TwoMethodsDoNotTakeTurns()
    {
        SimulatedPlacing placing = new(s_assumed) { Fetch = 200 };
        for (int i = 0; i < 20_000; i++)
        {
            bool moves = placing.Tuner.Method == PlacementMethod.Move;
            (placing.Copy, placing.Move) = moves ? (400, 2000) : (1800, 300);
            placing.Place(1);
        }

        PlacementSwitch[] switches = [.. placing.Tuner.Report.Switches];
        Assert.InRange(switches.Length, 8, 90);
        for (int i = 1; i < switches.Length; i++)
        {
            TimeSpan patience = TimeSpan.FromMilliseconds(4 << Math.Min(i, 6));
            Assert.True(switches[i].After - switches[i - 1].After >= patience, $"switch {i}");
        }
    }

    [Theory]
    [InlineData(200, 400, 300)]
    [InlineData(200, 400, 1000)]
    [InlineData(200, 400, 20_000)]
    [InlineData(5000, 400, 300)]
    [InlineData(50, 2000, 400)]
    public void OnASteadyMachineItLosesLittleToTheBetterMethod(double fetch, double copy, double move)
    {
        SimulatedPlacing placing = new(s_assumed) { Fetch = fetch, Copy = copy, Move = move };
        placing.Place(10_000);
        double best = Math.Min(placing.Fixed.Copying, placing.Fixed.Moving);
        Assert.InRange(placing.Now / best, 1.0, 1.05);
    }

    [Theory]
    [InlineData(900, 330, PlacementMethod.Move)]
    [InlineData(900, 930, PlacementMethod.Move)]
    [InlineData(900, 950, PlacementMethod.Copy)]
    public void KnownCostsDecideHowItBegins(double copy, double move, PlacementMethod first)
    {
        PlacementTuner tuner = new(s_assumed, 0);
        tuner.Know(Known(copy, move));
        Assert.Equal((first, ChoiceReason.KnownCosts), (tuner.Report.First, tuner.Report.Reason));
        Assert.Equal(first == PlacementMethod.Move, tuner.IsToMove(0, isAwaited: false, 0));
    }

    [Fact]
    public void WhatWasKnownAndIsWrongIsCorrected()
    {
        SimulatedPlacing placing = new(s_assumed) { Fetch = 200, Copy = 400, Move = 3000 };
        placing.Tuner.Know(Known(copy: 900, move: 100));
        placing.Place(1000);
        Assert.Equal(PlacementMethod.Copy, placing.Tuner.Method);
    }

    [Theory]
    [InlineData(ChoiceReason.Told)]
    [InlineData(ChoiceReason.OnlyWay)]
    public void WithoutAChoiceNothingIsTriedOrChanged(ChoiceReason reason)
    {
        SimulatedPlacing placing = new(new TunerSettings(PlacementMethod.Move, reason)) { Fetch = 200, Copy = 400, Move = 40_000 };
        placing.Tuner.Know(Known(copy: 100, move: 10_000));
        Assert.Equal(500, placing.Place(500));
        Assert.Equal((reason, TimeSpan.Zero), (placing.Tuner.Report.Reason, placing.Tuner.Report.Tried));
    }

    [Fact]
    public void NothingIsTriedOnWhatSomebodyWaitsFor()
    {
        SimulatedPlacing placing = new(s_assumed) { Fetch = 200, Copy = 400, Move = 300 };
        Assert.Equal(1000, placing.Place(1000, isAwaited: true));
    }

    [Fact]
    public void EachSourceHasItsOwn()
    {
        SimulatedPlacing near = new(s_assumed) { Fetch = 200, Copy = 400, Move = 300 };
        SimulatedPlacing far = new(s_assumed) { Fetch = 200, Copy = 400, Move = 9000 };
        for (int i = 0; i < 100; i++)
        {
            near.Place(10);
            far.Place(10);
        }

        Assert.Equal((PlacementMethod.Move, PlacementMethod.Copy), (near.Tuner.Method, far.Tuner.Method));
    }

    /// <summary>The mover works on one extent after the other: what waits behind others is not slow.</summary>
    [Fact]
    public void WaitingBehindOthersDoesNotCount()
    {
        PlacementTuner tuner = new(s_assumed, 0);
        for (int extent = 1; extent <= 100; extent++)
        {
            tuner.Moved(0, submitted: 0, now: SimulatedPlacing.Microseconds(500 * extent));
        }

        Assert.Equal(500, tuner.Report.MoveNanoseconds!.Value * 512 / 1000, 0.1);
        Assert.Empty(tuner.Report.Switches);
    }

    private static PlacementCosts Known(double copy, double move) => new(
    [
        new(PlacementKind.Copy, InHugePages: false, 64, 1, copy),
        new(PlacementKind.Copy, InHugePages: false, 512, 1, copy),
        new(PlacementKind.FillAndMove, InHugePages: true, 512, 1, move),
    ]);
}
