using LazyRestore.Agent.Sources.Remote;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Sources;

/// <summary>Chooses the page source of an image by where the image is.</summary>
internal static class PageSources
{
    /// <summary>The source of an image, which stays the caller's.</summary>
    internal static IPageSource Of(CheckpointImage image) => image.Bytes is RemoteImageBytes remote
        ? new RemotePageSource(image, remote.Remote)
        : new ImageFileSource(image);
}
