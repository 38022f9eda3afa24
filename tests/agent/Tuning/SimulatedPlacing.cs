using System.Diagnostics;
using LazyRestore.Agent.Tuning;

namespace LazyRestore.Agent.Tests.Tuning;

/// <summary>Places extents as a tuner says, on a machine whose costs the test sets; its clock runs only while something is placed.</summary>
internal sealed class SimulatedPlacing
{
    private static readonly long s_microsecond = Stopwatch.Frequency / 1_000_000;
    private int _extent;

    public SimulatedPlacing(TunerSettings settings) => Tuner = new PlacementTuner(settings, 0);

    public PlacementTuner Tuner { get; }

    /// <summary>Fetching an extent, in µs.</summary>
    public double Fetch { get; set; }

    /// <summary>Copying an extent, in µs.</summary>
    public double Copy { get; set; }

    /// <summary>Moving an extent, in µs.</summary>
    public double Move { get; set; }

    /// <summary>The time, in ticks.</summary>
    public long Now { get; private set; }

    /// <summary>The time that copying all, or moving all, would have taken.</summary>
    public (double Copying, double Moving) Fixed { get; private set; }

    public static long Microseconds(double time) => (long)(time * s_microsecond);

    /// <summary>Places extents; how many of them were moved.</summary>
    public int Place(int extents, bool isAwaited = false)
    {
        int moved = 0;
        for (; extents > 0; extents--, _extent++)
        {
            (double copying, double moving) = (Fetch + Copy, Math.Max(Fetch, Move));
            Fixed = (Fixed.Copying + Microseconds(copying), Fixed.Moving + Microseconds(moving));
            if (Tuner.IsToMove(_extent, isAwaited, Now))
            {
                moved++;
                Now += Microseconds(moving);
                Tuner.Moved(Microseconds(Fetch), Now - Microseconds(Move), Now);
                continue;
            }

            for (int page = 0; page < 512; page += 64)
            {
                Now += Microseconds((Fetch + Copy) / 8);
                Tuner.Copied(_extent, 64, Microseconds(Fetch / 8), Microseconds(Copy / 8), Now);
            }
        }

        return moved;
    }
}
