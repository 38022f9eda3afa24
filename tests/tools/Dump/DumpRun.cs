using LazyRestore.ImageFormat;
using LazyRestore.Tools.Dump;

namespace LazyRestore.Tools.Tests.Dump;

/// <summary>Runs dumps of a target and remembers what the observer heard.</summary>
internal sealed class DumpRun : IDumpObserver
{
    internal int FrozenThreads { get; private set; }

    internal (long Done, long Total) Progress { get; private set; }

    internal TimeSpan? Freeze { get; private set; }

    internal Action OnFrozen { get; init; } = () => { };

    internal Action OnThawed { get; init; } = () => { };

    internal static string ImageOf(TargetProcess target) => Path.Combine(target.DirectoryPath, "image");

    internal static DumpOptions Options(TargetProcess target) =>
        new() { Pid = target.Id, Output = ImageOf(target), LeaveRunning = true };

    internal static CheckpointImage Take(DumpOptions options)
    {
        Dumper.Run(options, new DumpRun(), TestContext.Current.CancellationToken);
        return CheckpointImage.OpenFile(options.Output);
    }

    public void Frozen(int threads)
    {
        FrozenThreads = threads;
        OnFrozen();
    }

    public void Thawed(TimeSpan freeze)
    {
        Freeze = freeze;
        OnThawed();
    }

    public void PagesWritten(long done, long total) => Progress = (done, total);
}
