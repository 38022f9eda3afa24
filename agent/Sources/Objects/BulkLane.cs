using LazyRestore.Agent.Sources.Remote;

namespace LazyRestore.Agent.Sources.Objects;

/// <summary>
/// Brings what nobody waits for: a few ranges at once, and what lies side by side in the object in one range. What waits for its turn while ranges
/// are under way is what there is to be merged.
/// </summary>
/// <param name="read">Reads a range.</param>
/// <param name="streams">How many ranges at once.</param>
/// <param name="longest">The most bytes of a range, unless a single part has more.</param>
internal sealed class BulkLane(BulkLane.RangeRead read, int streams, long longest)
{
    // Bytes between two parts that are read and thrown away: they take less time than another question.
    private const int LongestGap = 64 << 10;

    private readonly Lock _lock = new();
    private readonly LinkedList<Request> _waiting = [];
    private int _running;

    /// <summary>Reads a range and hands out its bytes.</summary>
    internal delegate Task RangeRead(ByteRange range, PieceReader.Taker take, CancellationToken cancellation);

    /// <summary>Brings a part. Nothing is added to it any more when this has ended.</summary>
    internal Task GetAsync(ExtentPart part, CancellationToken cancellation)
    {
        Request request = new(part, cancellation);
        lock (_lock)
        {
            _ = _waiting.AddLast(request);
            if (_running == streams)
            {
                return request.Completion.Task;
            }

            _running++;
        }

        _ = Task.Run(RunAsync, CancellationToken.None);
        return request.Completion.Task;
    }

    /// <summary>Which parts go with the one that has waited longest.</summary>
    /// <param name="ranges">What is wanted, in the order in which it was asked for.</param>
    /// <param name="longest">The most bytes together.</param>
    /// <returns>Their places, in the order of the object, without gaps that are too large.</returns>
    internal static IReadOnlyList<int> Merge(IReadOnlyList<ByteRange> ranges, long longest)
    {
        int[] order = [.. Enumerable.Range(0, ranges.Count).OrderBy(place => ranges[place].Offset)];
        int first = Array.IndexOf(order, 0);
        int last = first;
        long end = ranges[0].End;
        while (last + 1 < order.Length && IsNear(ranges[order[last + 1]], end) && ranges[order[last + 1]].End - ranges[0].Offset <= longest)
        {
            end = Math.Max(end, ranges[order[++last]].End);
        }

        return order[first..(last + 1)];
    }

    private static bool IsNear(ByteRange next, long end) => next.Offset - end <= LongestGap;

    private async Task RunAsync()
    {
        while (TakeBatch() is { Count: > 0 } batch)
        {
            await BringAsync(batch).ConfigureAwait(false);
        }
    }

    private List<Request> TakeBatch()
    {
        lock (_lock)
        {
            if (_waiting.Count == 0)
            {
                _running--;
                return [];
            }

            Request[] waiting = [.. _waiting];
            List<Request> batch = [.. Merge([.. waiting.Select(static request => request.Part.Range)], longest).Select(place => waiting[place])];
            batch.ForEach(request => _waiting.Remove(request));
            return batch;
        }
    }

    private async Task BringAsync(List<Request> batch)
    {
        Exception? problem = null;
        try
        {
            ByteRange whole = ByteRange.Between(batch[0].Part.Range.Offset, batch.Max(static request => request.Part.Range.End));
            await read(
                whole, (offset, bytes) => batch.ForEach(request => request.Take(offset, bytes)), batch[0].Cancellation).ConfigureAwait(false);
        }
        catch (Exception raised)
        {
            problem = raised;
        }

        batch.ForEach(request => request.Complete(problem));
    }

    /// <summary>A part on its way. What is wrong with it alone does not keep others from coming.</summary>
    private sealed class Request(ExtentPart part, CancellationToken cancellation)
    {
        private Exception? _problem;

        internal ExtentPart Part => part;

        internal CancellationToken Cancellation => cancellation;

        internal TaskCompletionSource Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal void Take(long offset, ReadOnlyMemory<byte> bytes)
        {
            if (_problem is not null)
            {
                return;
            }

            try
            {
                part.Take(offset, bytes);
            }
            catch (Exception problem)
            {
                _problem = problem;
            }
        }

        internal void Complete(Exception? problem)
        {
            problem = _problem ?? problem;
            if (problem is null)
            {
                Completion.SetResult();
            }
            else
            {
                // That another one gave up is no reason to give up.
                Completion.SetException(problem is OperationCanceledException && !cancellation.IsCancellationRequested
                    ? new IOException("the range was given up", problem)
                    : problem);
            }
        }
    }
}
