using System.Collections.Immutable;
using System.Diagnostics;
using LazyRestore.Agent.Costs;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Tuning;

/// <summary>
/// Decides for one page source how whole extents are placed, and how many pages are copied at once, from what placing them has taken.
/// The time that the chosen method has lost against the other is added up; what it wins is taken off, and some of that is kept for worse
/// times. When it has lost more than there is patience for, the other is taken, and with each switch patience doubles, so that two methods of like cost do not take turns. The
/// other method is tried on one extent now and then, for a hundredth of the time at most. What fetching takes is common to both. Owned by
/// the agent thread; reports may be made by others.
/// </summary>
internal sealed class PlacementTuner
{
    private const double NanosecondsPerSecond = 1e9;
    private const int MostDoublings = 6;

    // One measurement that was disturbed is not to use patience up.
    private const int LeastLosses = 3;

    // Until it is known: placing a page takes less than 2 µs nearly everywhere.
    private static readonly double s_assumed = 2e-6 * Stopwatch.Frequency;

    private readonly TunerSettings _settings;
    private readonly long _start;
    private readonly BatchTuner _batch = new();

    // Fetching is slower beside moves, for which the mover takes processors and memory. Until something was copied it is assumed that
    // it takes what it took at best.
    private readonly CostEstimate _fetch = new(0);
    private readonly CostEstimate _fetchBesideMoves = new(0);
    private readonly CostEstimate _copy = new(s_assumed);
    private readonly CostEstimate _move = new(s_assumed);
    private PlacementMethod _first;
    private ChoiceReason _reason;
    private PlacementMethod _method;
    private ImmutableList<PlacementSwitch> _switches = [];
    private double _lost;
    private double _worked;
    private double _tried;
    private long _lastMoved;

    // What a trial of moving that is under way has been charged.
    private double _charged;

    // The extent that is copied for trial; -1 when none is.
    private int _copyTrial = -1;

    /// <summary>Creates a tuner.</summary>
    /// <param name="settings">What it starts with.</param>
    /// <param name="now">In ticks of the stopwatch, as all times here.</param>
    internal PlacementTuner(TunerSettings settings, long now)
    {
        _settings = settings;
        _start = now;
        _first = _method = settings.First;
        _reason = settings.Reason;
    }

    /// <summary>How extents are placed.</summary>
    internal PlacementMethod Method => _method;

    /// <summary>How many pages are copied at once while nobody waits.</summary>
    internal int BatchPages => _batch.Pages;

    /// <summary>What was decided, and why.</summary>
    internal PlacementReport Report => new()
    {
        First = _first,
        Reason = _reason,
        Switches = [.. Volatile.Read(ref _switches)],
        BatchPages = _batch.Pages,
        CopyNanoseconds = _copy.Samples > 0 ? Nanoseconds(CopyCost) : null,
        MoveNanoseconds = _move.Samples > 0 ? Nanoseconds(MoveCost) : null,
        Worked = Time(_worked),
        Tried = Time(_tried),
    };

    // The agent fetches and copies one after the other; the mover moves while the agent fetches the next extent.
    private double CopyCost => _fetch.Value + _copy.Value;

    private double MoveCost => Math.Max(_fetchBesideMoves.Value, _move.Value);

    /// <summary>Takes in what is known of this machine, before any extent was placed.</summary>
    /// <param name="costs">The costs.</param>
    internal void Know(PlacementCosts costs)
    {
        _batch.Know(costs);
        double? copy = costs.Cheapest(PlacementKind.Copy, inHugePages: false, costs.MostThreads);
        double? move = costs.Cheapest(PlacementKind.FillAndMove, _settings.MovesHugePages, costs.MostThreads);
        if (copy is null || move is null)
        {
            return;
        }

        _copy.Assume(copy.Value * Stopwatch.Frequency / NanosecondsPerSecond);
        _move.Assume(move.Value * Stopwatch.Frequency / NanosecondsPerSecond);
        if (!_settings.IsFixed)
        {
            _first = _method = move > copy * _settings.Tolerance ? PlacementMethod.Copy : PlacementMethod.Move;
            _reason = ChoiceReason.KnownCosts;
        }
    }

    /// <summary>Whether an extent that can be moved is to be moved now.</summary>
    /// <param name="extent">The extent; while it is copied, it is asked for again.</param>
    /// <param name="isAwaited">Whether somebody waits for it: nothing is tried on it then.</param>
    /// <param name="now">When.</param>
    internal bool IsToMove(int extent, bool isAwaited, long now)
    {
        if (_settings.IsFixed || isAwaited)
        {
            return _method == PlacementMethod.Move && extent != _copyTrial;
        }

        if (extent == _copyTrial)
        {
            return false;
        }

        _copyTrial = -1;
        if (!TrialIsDue(now))
        {
            return _method == PlacementMethod.Move;
        }

        if (_method == PlacementMethod.Copy)
        {
            // Once it is over, it counts for what it took.
            _charged += MoveCost * ImageLayout.PagesPerExtent;
            _tried += MoveCost * ImageLayout.PagesPerExtent;
            return true;
        }

        _copyTrial = extent;
        return false;
    }

    /// <summary>A batch of pages was fetched and copied.</summary>
    /// <param name="extent">Of which extent.</param>
    /// <param name="pages">How many.</param>
    /// <param name="fetch">How long fetching took.</param>
    /// <param name="copy">How long copying took.</param>
    /// <param name="now">When it had ended.</param>
    internal void Copied(int extent, int pages, long fetch, long copy, long now)
    {
        if (pages == 0)
        {
            return;
        }

        _worked += fetch + copy;
        _tried += extent == _copyTrial ? fetch + copy : 0;
        _batch.Copied(pages, (double)(fetch + copy) / pages, now);

        // Of a few pages most is the call itself, and extents are not copied like that.
        if (pages >= BatchPages / 2)
        {
            _fetch.Add((double)fetch / pages, now);
            _fetchBesideMoves.Assume(_fetch.Value);
            _copy.Add((double)copy / pages, now);
            Weigh(PlacementMethod.Copy, fetch + copy, _settings.Tolerance * Math.Max(fetch, _move.Value * pages), now);
        }
    }

    /// <summary>An extent was moved.</summary>
    /// <param name="fetch">How long fetching took.</param>
    /// <param name="submitted">When the mover was told to move it.</param>
    /// <param name="now">When it had been moved.</param>
    internal void Moved(long fetch, long submitted, long now)
    {
        // The mover does one after the other.
        long move = now - Math.Max(submitted, _lastMoved);
        long took = Math.Max(fetch, move);
        _lastMoved = now;
        _worked += took;
        _tried += _charged > 0 ? took - _charged : 0;
        _charged = 0;
        double fetchOfPage = (double)fetch / ImageLayout.PagesPerExtent;
        _fetchBesideMoves.Add(fetchOfPage, now);
        _fetch.Assume(_fetch.Value > 0 ? Math.Min(_fetch.Value, fetchOfPage) : fetchOfPage);
        _move.Add((double)move / ImageLayout.PagesPerExtent, now);
        Weigh(PlacementMethod.Move, took, _settings.Tolerance * CopyCost * ImageLayout.PagesPerExtent, now);
    }

    // Adds up what the chosen method has lost.
    private void Weigh(PlacementMethod method, double took, double allowed, long now)
    {
        if (method != _method || _settings.IsFixed)
        {
            return;
        }

        double patience = (double)_settings.Patience * (1 << Math.Min(_switches.Count, MostDoublings));
        _lost = Math.Max(-patience, _lost + Math.Min(took - allowed, patience / LeastLosses));
        if (_lost >= patience)
        {
            _lost = 0;
            _copyTrial = -1;
            _method = _method == PlacementMethod.Move ? PlacementMethod.Copy : PlacementMethod.Move;
            Volatile.Write(
                ref _switches,
                _switches.Add(new PlacementSwitch(Time(now - _start), _method, Nanoseconds(CopyCost), Nanoseconds(MoveCost))));
        }
    }

    private bool TrialIsDue(long now)
    {
        (CostEstimate other, double cost) = _method == PlacementMethod.Move ? (_copy, CopyCost) : (_move, MoveCost);
        return (other.Samples == 0 || now - other.LastAt >= _settings.Staleness)
            && _tried + (cost * ImageLayout.PagesPerExtent) <= _worked * _settings.TrialShare;
    }

    private static double Nanoseconds(double ticks) => ticks * NanosecondsPerSecond / Stopwatch.Frequency;

    private static TimeSpan Time(double ticks) => TimeSpan.FromSeconds(ticks / Stopwatch.Frequency);
}
