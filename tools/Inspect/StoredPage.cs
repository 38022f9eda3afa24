using LazyRestore.ImageFormat;

namespace LazyRestore.Tools.Inspect;

/// <summary>A page that an image holds.</summary>
/// <param name="Extent">Where it stands.</param>
/// <param name="Checksum">Its checksum, which was found right.</param>
/// <param name="Content">Its bytes.</param>
internal sealed record StoredPage(ExtentEntry Extent, ulong Checksum, byte[] Content);
