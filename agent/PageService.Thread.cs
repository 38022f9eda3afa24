using System.Diagnostics;
using LazyRestore.Agent.Serving;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent;

// What the thread does, step by step.
public sealed partial class PageService
{
    // How often the processor is given away before the thread sleeps: what puts a placement off is mostly over in microseconds.
    private const int YieldsBeforeWait = 64;

    // Reading what placing pages costs takes half a millisecond, and a process that has just begun to run needs pages.
    private const int MillisecondsBeforeCosts = 20;

    private int _deferrals;
    private bool _isChanging;

    private void Run()
    {
        try
        {
            _process.State.StartKeeper();
            PageServiceResult? result = null;
            while (result is null)
            {
                result = _stopping ? new PageServiceResult(PageServiceEnd.Stopped) : Step();
            }

            _pushed?.Complete();
            _completion.SetResult(result);
        }
        catch (LazyRestoreException failure)
        {
            _completion.SetResult(new PageServiceResult(PageServiceEnd.Failed, failure));
        }
        catch (Exception unexpected)
        {
            // Whatever it is, the user of the service has to hear of it: the process waits.
            _completion.SetResult(new PageServiceResult(
                PageServiceEnd.Failed,
                new LazyRestoreException(
                    FailureReason.Failed, $"serving pages failed: {unexpected.Message}", "Please report this.", innerException: unexpected)));
        }
    }

    private PageServiceResult? Step()
    {
        RetryAwaited();
        int messages = 0;
        for (int i = 0; i < _spaces.Count; i++)
        {
            messages += _spaces[i].Drain();
            _spaces[i].ServePending();
        }

        if (messages > 0)
        {
            long now = Stopwatch.GetTimestamp();
            _batch.Heard(messages, now);
            _ahead.Heard(messages, now);
        }
        else if (!_holdsBulk && Environment.TickCount64 - _bulkSince >= MillisecondsBeforeCosts)
        {
            FindCosts();
        }

        // What is pushed comes when it comes, and may be what a process needs to be built.
        HydrationStep step = _pushed is not null ? PlacePushed(_pushed)
            : IsRecording() || (_holdsBulk && _options.HoldAll) ? HydrationStep.Exhausted
            : Hydrate();
        ForgetChildrenThatAreGone();
        PublishRemaining();
        if ((LosePatience() ?? Judge()) is { } result)
        {
            return result;
        }

        Rest(step);
        return null;
    }

    // Once the process runs, and when it waits for nothing.
    private void FindCosts()
    {
        if (_findCosts?.Invoke() is { } costs)
        {
            _tuner.Know(costs);
        }

        _findCosts = null;
    }

    private bool IsRecording()
    {
        if (_recorder is null || _recorded is not null)
        {
            return false;
        }

        _recorder.Look(Stopwatch.GetTimestamp());
        _recorded = _recorder.IsOpen ? null : _recorder.Recorded;
        return _recorder.IsOpen;
    }

    private void Rest(HydrationStep step)
    {
        bool toRetry = step is HydrationStep.Deferred or HydrationStep.Awaiting || _isChanging || HasPendingFaults();
        if (step == HydrationStep.Advanced || (toRetry && ++_deferrals <= YieldsBeforeWait))
        {
            // There is work, or there will be as soon as others have run.
            if (toRetry)
            {
                _ = Thread.Yield();
            }

            return;
        }

        _deferrals = toRetry ? _deferrals : 0;
        bool toAsk = step == HydrationStep.Fetching && ExtentsAhead(Stopwatch.GetTimestamp()) < _remote!.ExtentsAhead;
        if (!_wait.ForMessages(_spaces, toRetry || toAsk ? FaultWait.Retry : UntilPatienceEnds()))
        {
            _process.LookAfterMover();
            foreach (AddressSpace space in _spaces)
            {
                space.RetryAwaited();
            }

            foreach (AddressSpace space in _spaces)
            {
                _ = space.ProbeGone();
            }
        }
        else if (toRetry)
        {
            _deferrals = 0;
        }
    }

    private bool HasPendingFaults()
    {
        foreach (AddressSpace space in _spaces)
        {
            if (space.HasPendingFaults)
            {
                return true;
            }
        }

        return false;
    }

    // The process first: children often execute another program at once, and need nothing then.
    private HydrationStep Hydrate()
    {
        if (_options.Hydration == HydrationOrder.None && !_bringsAll)
        {
            return HydrationStep.Exhausted;
        }

        HydrationStep rest = HydrationStep.Exhausted;
        foreach (AddressSpace space in _spaces)
        {
            if (!space.IsFilled && !space.IsGone)
            {
                long now = Stopwatch.GetTimestamp();
                HydrationStep step = space.Hydrate(_batch.Pages(_tuner.BatchPages, now), _holdsBulk, ExtentsAhead(now));
                if (step is HydrationStep.Advanced or HydrationStep.Deferred or HydrationStep.Fetching)
                {
                    return step;
                }

                rest = step == HydrationStep.Awaiting ? step : rest;
            }
        }

        return rest;
    }

    private void PublishRemaining()
    {
        long remaining = 0;
        foreach (AddressSpace space in _spaces)
        {
            remaining += space.Remaining;
        }

        Volatile.Write(ref _remaining, remaining);
    }

    private PageServiceResult? Judge()
    {
        if (_process.IsGone && _spaces.Count == 1)
        {
            return new PageServiceResult(PageServiceEnd.ProcessGone);
        }

        bool isDamaged = false;
        bool isFilled = true;
        foreach (AddressSpace space in _spaces)
        {
            if (space.Failure is { } failure)
            {
                return new PageServiceResult(PageServiceEnd.Failed, failure);
            }

            isDamaged |= space.IsDamaged;
            isFilled &= space.IsFilled || space.IsGone;
        }

        if (isDamaged && (isFilled || _options.OnPageError == PageErrorPolicy.Kill))
        {
            return new PageServiceResult(PageServiceEnd.Failed, _source.Problem);
        }

        return isFilled && ReleaseAll() ? new PageServiceResult(PageServiceEnd.Resident) : null;
    }

    // False when something was announced before the memory was released, or is about to be, which has to be dealt with first: whoever
    // changes the address space counts as changing it from before its change takes effect until we have read of it, so after the release
    // nobody can be on the way unseen.
    private bool ReleaseAll()
    {
        int messages = 0;
        _isChanging = false;
        for (int i = 0; i < _spaces.Count; i++)
        {
            _spaces[i].Release();
            messages += _spaces[i].Drain();
            _isChanging |= _spaces[i].IsChanging;
        }

        return messages == 0 && !_isChanging;
    }
}
