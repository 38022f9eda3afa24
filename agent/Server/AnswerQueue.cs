using LazyRestore.Agent.Protocol;

namespace LazyRestore.Agent.Server;

/// <summary>
/// What a client is still to get: frames without payload first, then answers that somebody waits for, a piece of each in turn, then bulk as
/// far as the client's credit goes.
/// </summary>
internal sealed class AnswerQueue
{
    // Pongs and errors of a client that asks and does not read.
    private const int MostFrames = 2 * PageProtocol.MostRequests;

    private readonly Lock _lock = new();
    private readonly Queue<byte[]> _frames = new();
    private readonly LinkedList<Answer> _demand = new();
    private readonly LinkedList<Answer> _bulk = new();
    private readonly SemaphoreSlim _changed = new(0);
    private long _credit;
    private bool _isDraining;

    /// <summary>Whether nothing is left to send.</summary>
    internal bool IsEmpty
    {
        get
        {
            lock (_lock)
            {
                return _frames.Count + _demand.Count + _bulk.Count == 0;
            }
        }
    }

    /// <summary>Adds a frame.</summary>
    internal void Add(byte[] frame) => Change(() =>
    {
        _frames.Enqueue(frame);
        return _frames.Count <= MostFrames;
    });

    /// <summary>Adds an answer.</summary>
    internal void Add(Answer answer) => Change(() =>
    {
        _ = (answer.IsBulk ? _bulk : _demand).AddLast(answer);
        return _demand.Count + _bulk.Count <= PageProtocol.MostRequests;
    });

    /// <summary>Allows more bulk.</summary>
    internal void Grant(ulong bytes) => Change(() =>
    {
        _credit = (long)Math.Min((ulong)_credit + bytes, long.MaxValue / 2);
        return true;
    });

    /// <summary>Forgets an answer.</summary>
    internal void Cancel(ulong id) => Change(() =>
    {
        foreach (LinkedList<Answer> lane in (LinkedList<Answer>[])[_demand, _bulk])
        {
            if (lane.FirstOrDefault(answer => answer.Id == id) is { } answer)
            {
                _ = lane.Remove(answer);
            }
        }

        return true;
    });

    /// <summary>Ends the waiting once all is sent.</summary>
    internal void Drain() => Change(() => _isDraining = true);

    /// <summary>Waits for something to send.</summary>
    /// <returns>A frame, or an answer with the number of bytes that may be sent of it now; neither when all is sent that there will be.</returns>
    internal async ValueTask<(byte[]? Frame, Answer? Answer, int Length)> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            lock (_lock)
            {
                if (_frames.TryDequeue(out byte[]? frame))
                {
                    return (frame, null, 0);
                }

                if (TryTake() is { } piece)
                {
                    return (null, piece.Answer, piece.Length);
                }

                if (_isDraining && _bulk.Count == 0)
                {
                    return default;
                }
            }

            await _changed.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    private (Answer Answer, int Length)? TryTake()
    {
        bool isBulk = _demand.Count == 0;
        if (isBulk && (_bulk.Count == 0 || _credit <= 0))
        {
            return null;
        }

        LinkedList<Answer> lane = isBulk ? _bulk : _demand;
        Answer answer = lane.First!.Value;
        int length = (int)Math.Min(answer.Remaining, PageProtocol.LongestPayload);
        lane.RemoveFirst();
        if (length < answer.Remaining)
        {
            // Bulk answers end one after the other, in the order in which they are wanted.
            _ = isBulk ? lane.AddFirst(answer) : lane.AddLast(answer);
        }

        _credit -= isBulk ? length : 0;
        return (answer, length);
    }

    private void Change(Func<bool> change)
    {
        lock (_lock)
        {
            if (!change())
            {
                throw new PageProtocolException($"more than {PageProtocol.MostRequests} requests are open");
            }
        }

        _ = _changed.Release();
    }
}
