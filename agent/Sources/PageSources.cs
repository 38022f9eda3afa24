using LazyRestore.Agent.Pushing;
using LazyRestore.Agent.Sources.Remote;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Sources;

/// <summary>Chooses the page source of an image by where the image is.</summary>
internal static class PageSources
{
    /// <summary>The source of the pages of a process.</summary>
    /// <param name="image">The image, which stays the caller's.</param>
    /// <param name="space">The space of the process.</param>
    internal static IPageSource Of(CheckpointImage image, int space) => image.Bytes switch
    {
        PushedImageBytes pushed => new PushedPageSource(pushed, space),
        RemoteImageBytes remote => new RemotePageSource(image, remote.Remote, space),
        _ => new ImageFileSource(image, space),
    };
}
