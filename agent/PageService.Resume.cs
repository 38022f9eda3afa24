using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Serving;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.State;
using LazyRestore.ImageFormat;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Agent;

public sealed partial class PageService
{
    /// <summary>
    /// Takes up the work of an agent that died, from the descriptors that the holder kept open. The service owns them and the image,
    /// and works by the options of its predecessor; it has to be started.
    /// </summary>
    /// <param name="uffd">The process's userfaultfd.</param>
    /// <param name="stateMemfd">What <see cref="PageState.Descriptor"/> was.</param>
    /// <param name="parkingA">What <see cref="PageState.ParkingA"/> was.</param>
    /// <param name="parkingB">What <see cref="PageState.ParkingB"/> was.</param>
    /// <exception cref="LazyRestoreException">Another agent lives, or the image is not the one that the process was restored from.</exception>
    public static PageService Resume(
        SafeFileHandle uffd, SafeFileHandle stateMemfd, SafeFileHandle parkingA, SafeFileHandle parkingB)
    {
        var state = PageState.Attach(stateMemfd, parkingA, parkingB);
        CheckpointImage? image = null;
        try
        {
            image = ImageOpener.Open(state.ImagePath);
            Succession.Take([state]);
            PageService service = Resume(image, uffd, state, state.Options);
            service._ownedImage = image;
            return service;
        }
        catch
        {
            image?.Dispose();
            state.Dispose();
            throw;
        }
    }

    /// <summary>Takes up the work of an agent that died: applies what it had read, and serves its forked children again.</summary>
    /// <param name="image">The image; it must live as long as the service.</param>
    /// <param name="uffd">The process's userfaultfd; owned by the service.</param>
    /// <param name="state">The state, with both ends of the parking, taken by a <see cref="Succession"/>; owned by the service.</param>
    /// <param name="options">How to work from now on.</param>
    /// <exception cref="LazyRestoreException">The image is not the one that the process was restored from.</exception>
    public static PageService Resume(CheckpointImage image, SafeFileHandle uffd, PageState state, PageServiceOptions options)
    {
        if (!image.Checkpoint.Header.ImageId.Span.SequenceEqual(state.ImageId))
        {
            throw new LazyRestoreException(
                FailureReason.Failed,
                $"the image {state.ImagePath} is not the one that process {state.Pid} was restored from",
                "Put the former image back under this path.");
        }

        PageService service = new(image, uffd, state, options);
        service._counters.Add(StateCounter.Resumptions);
        service.TakeUpChildren();
        for (int i = 0; i < service._spaces.Count; i++)
        {
            service._spaces[i].Recover();
        }

        return service;
    }
}
