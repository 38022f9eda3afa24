using System.Buffers;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>Something that a server was asked for.</summary>
/// <param name="sink">Takes the answer.</param>
/// <param name="isBulk">Whether the answer is paid for with credit.</param>
internal sealed class PageRequest(IAnswerSink sink, bool isBulk)
{
    private readonly Lock _lock = new();
    private bool _isLeft;

    /// <summary>Whether the answer is paid for with credit.</summary>
    internal bool IsBulk => isBulk;

    /// <summary>Whether nobody waits for the answer any more.</summary>
    internal bool IsLeft => Volatile.Read(ref _isLeft);

    /// <summary>When it was made, in ticks of the stopwatch; 0 once the answer has begun.</summary>
    internal long AskedAt { get; set; }

    /// <summary>Ends with the answer.</summary>
    internal TaskCompletionSource Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The next bytes of the answer.</summary>
    internal void Append(in ReadOnlySequence<byte> bytes, bool isLast)
    {
        lock (_lock)
        {
            if (_isLeft)
            {
                return;
            }

            try
            {
                sink.Append(bytes);
            }
            catch (Exception problem)
            {
                _isLeft = true;
                _ = Completion.TrySetException(problem);
                return;
            }
        }

        if (isLast)
        {
            _ = Completion.TrySetResult();
        }
    }

    /// <summary>There is no answer, or no more of it.</summary>
    internal void Fail(Exception problem) => _ = Completion.TrySetException(problem);

    /// <summary>Nobody waits for the answer; after this call nothing is added to it.</summary>
    internal void Leave()
    {
        lock (_lock)
        {
            _isLeft = true;
        }
    }
}
