using LazyRestore.Agent.Protocol;
using Polly;
using Polly.Hedging;
using Polly.Retry;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>
/// How often, when and where a request is made again. To make a pipeline takes longer than an answer from nearby does, so each is made when it is used first.
/// </summary>
/// <param name="timeouts">How long to wait for what.</param>
/// <param name="servers">How many servers may be asked.</param>
internal sealed class RemoteAttempts(PageTimeouts timeouts, int servers)
{
    private readonly Lazy<ResiliencePipeline> _again = new(() => new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = static arguments => ValueTask.FromResult(arguments.Outcome.Exception is IOException),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = timeouts.FirstRetry,
            MaxDelay = timeouts.LongestRetry,
            MaxRetryAttempts = int.MaxValue,
        })
        .Build());

    private readonly Lazy<ResiliencePipeline<IAnswerSink>> _awaited = new(() => Elsewhere(timeouts.Hedge, servers));
    private readonly Lazy<ResiliencePipeline<IAnswerSink>> _unhurried = new(() => Elsewhere(Timeout.InfiniteTimeSpan, servers));

    /// <summary>All have failed, which can pass: once more, and again, with growing pauses.</summary>
    internal ResiliencePipeline Again => _again.Value;

    /// <summary>One server after the other; the next, too, when somebody waits and one lets him.</summary>
    internal ResiliencePipeline<IAnswerSink> Anywhere(bool isAwaited) => (isAwaited ? _awaited : _unhurried).Value;

    private static ResiliencePipeline<IAnswerSink> Elsewhere(TimeSpan delay, int servers) => new ResiliencePipelineBuilder<IAnswerSink>()
        .AddHedging(new HedgingStrategyOptions<IAnswerSink>
        {
            ShouldHandle = static arguments => ValueTask.FromResult(arguments.Outcome.Exception is not (null or OperationCanceledException)),
            MaxHedgedAttempts = Math.Max(servers - 1, 1),
            Delay = delay,
        })
        .Build();
}
