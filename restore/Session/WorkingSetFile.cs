using LazyRestore.Agent;
using LazyRestore.Agent.Sources;
using LazyRestore.ImageFormat;

namespace LazyRestore.Restore.Session;

/// <summary>The recording of the working set that lies beside an image: read before a restore, and written once by one that records.</summary>
internal sealed class WorkingSetFile(CheckpointImage image, RestoreOptions options, IRestoreObserver observer)
{
    private bool _isSaved = !options.RecordWorkingSet;

    /// <summary>The recording that a restore is to follow; null when there is none of this image, or it is not to be followed.</summary>
    internal static WorkingSet? Find(CheckpointImage image, RestoreOptions options) =>
        options.FollowWorkingSet ? ImageOpener.FindWorkingSet(image, options.ImagePath) : null;

    /// <summary>Writes what was recorded, as soon as the process has settled. That it cannot be written does no harm to the process.</summary>
    internal void SaveWhenRecorded(PageService service)
    {
        if (_isSaved || service.Recorded is not { } recorded)
        {
            return;
        }

        _isSaved = true;
        try
        {
            recorded.Write(options.ImagePath, image.Checkpoint.Header.ImageId.Span);
            observer.WorkingSetRecorded(recorded.Pages, problem: null);
        }
        catch (LazyRestoreException problem)
        {
            observer.WorkingSetRecorded(recorded.Pages, problem);
        }
    }
}
