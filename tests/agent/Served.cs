using LazyRestore.Agent.Moving;
using LazyRestore.Agent.Tests.Target;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Tests;

/// <summary>A target, its image, and a service for it, with the descriptors that a holder would keep.</summary>
internal sealed class Served : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    public Served(
        HydrationOrder hydration, ExtentCodec codec = ExtentCodec.None, PageErrorPolicy onPageError = PageErrorPolicy.Wait, bool withMover = false,
        bool record = false, bool holdBulk = false)
    {
        Image = new ServedImage(codec, isDense: withMover);
        Target = new TargetProcess(ServedImage.Start, ServedImage.Pages);
        Options = new PageServiceOptions
        {
            Hydration = hydration,
            OnPageError = onPageError,
            RecordWorkingSet = record,
            HoldBulk = holdBulk,
            MoveAtAnyPace = true,
            SmallMappingPages = holdBulk ? 1 : 4096,
        };
        State = PageState.Create(Image.FilePath, Image.Image, Target.Id, [new LazyRegion(ServedImage.Start, ServedImage.End) { Movable = withMover }], Options);
        Held = [.. new[] { State.Descriptor, State.ParkingA, State.ParkingB }.Select(TargetProcess.Duplicate)];
        MoverRing? mover = withMover ? Target.StartMover() : null;
        Service = new PageService(Image.Image, TargetProcess.Duplicate((int)Target.Fault.DangerousGetHandle()), State, Options, mover);
    }

    public ServedImage Image { get; }

    public TargetProcess Target { get; }

    public PageServiceOptions Options { get; }

    public PageState State { get; private set; }

    public PageService Service { get; private set; }

    /// <summary>Copies of state, parking A and parking B, as the holder has them.</summary>
    public Microsoft.Win32.SafeHandles.SafeFileHandle[] Held { get; }

    public static Served Start(HydrationOrder hydration, ExtentCodec codec = ExtentCodec.None)
    {
        Served served = new(hydration, codec);
        served.Service.Start();
        return served;
    }

    /// <summary>Waits for the end of the service.</summary>
    public PageServiceResult WaitForEnd()
    {
        Assert.True(Service.Completion.Wait(Deadline), "the service goes on and on");
        return Service.Completion.Result;
    }

    /// <summary>Ends the service without a word to anyone, and starts another from what the holder has.</summary>
    public void Replace(Action<PageState>? betweenThem = null)
    {
        Service.Dispose();
        if (betweenThem is not null)
        {
            using var state = PageState.Attach(TargetProcess.Duplicate((int)Held[0].DangerousGetHandle()));
            betweenThem(state);
        }

        var copies = Held.Prepend(Target.Fault).Select(handle => TargetProcess.Duplicate((int)handle.DangerousGetHandle())).ToArray();
        Service = PageService.Resume(copies[0], copies[1], copies[2], copies[3]);
        Service.Start();
    }

    public void Dispose()
    {
        Target.Dispose();
        Service.Dispose();
        Array.ForEach(Held, handle => handle.Dispose());
        Image.Dispose();
    }
}
