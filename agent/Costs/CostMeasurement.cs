using System.Collections.Immutable;
using System.Diagnostics;
using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Placing;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Costs;

/// <summary>
/// Measures what placing pages costs on this machine, within this process: pages go from one piece of native memory to another that is
/// registered with a userfaultfd. Nobody reads there, so there are no faults, and no managed code can wait for one.
/// </summary>
public sealed class CostMeasurement : IDisposable
{
    private const ulong PageSize = ImageLayout.PageSize;

    private readonly MeasurementPlan _plan;
    private readonly bool _canMove;
    private readonly UserFault _fault;
    private readonly ScratchMemory _small;
    private readonly ScratchMemory _huge;
    private readonly ImmutableArray<PlacementCost>.Builder _costs = ImmutableArray.CreateBuilder<PlacementCost>();

    private CostMeasurement(MeasurementPlan plan)
    {
        _plan = plan;
        _canMove = UserFault.Probe().HasFlag(UserFaultFeatures.Move);
        _fault = UserFault.Create(_canMove ? UserFaultFeatures.Move : UserFaultFeatures.None);
        _small = new ScratchMemory(LengthFor(plan.SmallBatches), inHugePages: false);
        _huge = new ScratchMemory(LengthFor(plan.HugeBatches), inHugePages: true);
        Register(_small);
        Register(_huge);
    }

    /// <summary>Measures. What the kernel cannot do, or has no huge pages for, is left out.</summary>
    /// <param name="plan">How thoroughly.</param>
    /// <exception cref="NativeException">The kernel or the user's privileges do not allow a userfaultfd.</exception>
    public static PlacementCosts Measure(MeasurementPlan plan)
    {
        using CostMeasurement measurement = new(plan);
        foreach (int threads in plan.ThreadCounts)
        {
            using RunningThreads running = new(threads);
            measurement.MeasureAll(threads);
        }

        return new PlacementCosts(measurement._costs.ToImmutable());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _small.Dispose();
        _huge.Dispose();
        _fault.Dispose();
    }

    private void MeasureAll(int threads)
    {
        foreach (int batch in _plan.SmallBatches)
        {
            (double copy, double zero) = (double.MaxValue, double.MaxValue);
            (double Move, double Fill) moved = (double.MaxValue, double.MaxValue);
            for (int round = 0; round < _plan.Rounds; round++)
            {
                copy = Math.Min(copy, TimeCopies(batch));
                zero = Math.Min(zero, Time(_small, new ZeroPlacement(_fault), batch));
                moved = _canMove ? Least(moved, TimeMoves(_small, batch)) : moved;
            }

            Add(PlacementKind.Copy, inHugePages: false, batch, threads, copy);
            Add(PlacementKind.Zero, inHugePages: false, batch, threads, zero);
            AddMoves(inHugePages: false, batch, threads, moved);
        }

        foreach (int batch in _canMove ? _plan.HugeBatches : [])
        {
            (double Move, double Fill) moved = (double.MaxValue, double.MaxValue);
            for (int round = 0; round < _plan.Rounds; round++)
            {
                moved = Least(moved, TimeMoves(_huge, batch));
            }

            AddMoves(inHugePages: true, batch, threads, moved);
        }
    }

    // The pages to be copied are there, as those of a source are that have just been read.
    private double TimeCopies(int batch)
    {
        _small.Fill((ulong)Round(batch).Pages * PageSize);
        return Time(_small, new CopyPlacement(_fault), batch);
    }

    // The moving, and the filling before it: fresh memory each time, since what was there has been moved away.
    private (double Move, double Fill) TimeMoves(ScratchMemory memory, int batch)
    {
        int pages = Round(batch).Pages;
        memory.ClearSource();
        long start = Stopwatch.GetTimestamp();
        memory.Fill((ulong)pages * PageSize);
        double fill = PerPage(start, pages);
        if (memory == _huge && !HugePageScan.IsHuge((ulong)AddressOf(memory, 0), (ulong)pages * PageSize))
        {
            return (double.MaxValue, double.MaxValue);
        }

        return (Time(memory, new MovePlacement(_fault), batch), fill);
    }

    private double Time(ScratchMemory memory, IPagePlacement placement, int batch)
    {
        (int pages, int calls) = Round(batch);
        ulong length = (ulong)batch * PageSize;
        long start = Stopwatch.GetTimestamp();
        for (int call = 0; call < calls; call++)
        {
            ulong offset = (ulong)call * length;
            Expect(placement.Place(memory.Destination + offset, AddressOf(memory, offset), length), length, placement);
        }

        double cost = PerPage(start, pages);
        memory.ClearDestination();
        return cost;
    }

    private (int Pages, int Calls) Round(int batch)
    {
        int calls = Math.Max(1, _plan.LeastPages / batch);
        return (calls * batch, calls);
    }

    private void AddMoves(bool inHugePages, int batch, int threads, (double Move, double Fill) cost)
    {
        if (cost.Move < double.MaxValue)
        {
            Add(PlacementKind.Move, inHugePages, batch, threads, cost.Move);
            Add(PlacementKind.FillAndMove, inHugePages, batch, threads, cost.Move + cost.Fill);
        }
    }

    private void Add(PlacementKind kind, bool inHugePages, int batch, int threads, double cost) =>
        _costs.Add(new PlacementCost(kind, inHugePages, batch, threads, cost));

    private void Register(ScratchMemory memory) =>
        Expect(_fault.Register(memory.Destination, memory.Length), memory.Length, "UFFDIO_REGISTER");

    private ulong LengthFor(ImmutableArray<int> batches)
    {
        int pages = Math.Max(batches.Max(), _plan.LeastPages);
        return (ulong)((pages + ImageLayout.PagesPerExtent - 1) / ImageLayout.PagesPerExtent) * ImageLayout.ExtentSpan;
    }

    private static (double Move, double Fill) Least((double Move, double Fill) a, (double Move, double Fill) b) =>
        a.Move + a.Fill <= b.Move + b.Fill ? a : b;

    private static double PerPage(long start, int pages) => Stopwatch.GetElapsedTime(start).TotalNanoseconds / pages;

    private static unsafe nint AddressOf(ScratchMemory memory, ulong offset) => (nint)(memory.Source + offset);

    private static void Expect(PlacementResult result, ulong length, object what)
    {
        if (result.Outcome != PlacementOutcome.Installed || result.Bytes != length)
        {
            throw new NativeException("ioctl", result.Errno, $"of the measurement, {what}: {result.Bytes} of {length} bytes");
        }
    }
}
