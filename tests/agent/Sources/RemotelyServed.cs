using LazyRestore.Agent.Sources;
using LazyRestore.Agent.Tests.Server;
using LazyRestore.Agent.Tests.Target;
using LazyRestore.ImageFormat;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Agent.Tests.Sources;

/// <summary>A target whose image is on a page server behind a proxy, and a service for it.</summary>
internal sealed class RemotelyServed : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);
    private readonly string _folder = Directory.CreateTempSubdirectory("lazyrestore-remote-").FullName;
    private readonly ServedImage _image;
    private readonly SafeFileHandle[] _held;
    private CheckpointImage _remote;
    private ServerAtSocket _server;

    internal RemotelyServed(
        HydrationOrder hydration, Mischief mischief = Mischief.None, ExtentCodec codec = ExtentCodec.None, PageErrorPolicy onPageError = PageErrorPolicy.Wait,
        TimeSpan? patience = null)
    {
        _image = new ServedImage(codec);
        Directory.CreateDirectory(Images);
        File.Copy(_image.FilePath, ImageFile);
        _server = new ServerAtSocket(Images, Path.Combine(_folder, "server"));
        Proxy = new TroublesomeProxy(Path.Combine(_folder, "proxy"), Path.Combine(_folder, "server"), mischief);
        _remote = Open();
        Target = new TargetProcess(ServedImage.Start, ServedImage.Pages);
        PageServiceOptions options = new()
        {
            Hydration = hydration,
            OnPageError = onPageError,
            SourcePatience = patience ?? Timeout.InfiniteTimeSpan,
        };
        var state = PageState.Create(Location, _remote, Target.Id, [new LazyRegion(ServedImage.Start, ServedImage.End)], options);
        _held = [.. new[] { state.Descriptor, state.ParkingA, state.ParkingB }.Select(TargetProcess.Duplicate)];
        Service = new PageService(_remote, TargetProcess.Duplicate((int)Target.Fault.DangerousGetHandle()), state, options);
        Service.Start();
    }

    internal TroublesomeProxy Proxy { get; }

    internal TargetProcess Target { get; }

    internal PageService Service { get; private set; }

    /// <summary>The image's file at the server.</summary>
    internal string ImageFile => Path.Combine(Images, "one");

    private string Images => Path.Combine(_folder, "images");

    private string Location => $"unix:{Proxy.Path}#one";

    /// <summary>Waits for the end of the service.</summary>
    internal PageServiceResult WaitForEnd()
    {
        Assert.True(Service.Completion.Wait(s_deadline), "the service goes on and on");
        return Service.Completion.Result;
    }

    /// <summary>Waits until the source is as it should be.</summary>
    internal SourceStatus Await(Func<SourceStatus, bool> condition)
    {
        Assert.True(SpinWait.SpinUntil(() => condition(Service.Source!), s_deadline), $"{Service.Source}");
        return Service.Source!;
    }

    /// <summary>Ends the server; another is started with the images that are there then.</summary>
    internal void RestartServer(Action meanwhile)
    {
        _server.Dispose();
        meanwhile();
        _server = new ServerAtSocket(Images, Path.Combine(_folder, "server"));
    }

    /// <summary>Lets another service go on from what the holder has.</summary>
    internal void Succeed()
    {
        Service.Dispose();
        _remote.Dispose();
        _remote = Open();
        SafeFileHandle[] copies = [.. _held.Prepend(Target.Fault).Select(handle => TargetProcess.Duplicate((int)handle.DangerousGetHandle()))];
        var state = PageState.Attach(copies[1], copies[2], copies[3]);
        Succession.Take([state]);
        Service = PageService.Resume(_remote, copies[0], state, state.Options with { SourcePatience = Timeout.InfiniteTimeSpan });
        Service.Start();
    }

    public void Dispose()
    {
        Target.Dispose();
        Service.Dispose();
        _remote.Dispose();
        Array.ForEach(_held, handle => handle.Dispose());
        Proxy.Dispose();
        _server.Dispose();
        _image.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private CheckpointImage Open() => ImageOpener.Open(Location, ServerAtSocket.Short);
}
