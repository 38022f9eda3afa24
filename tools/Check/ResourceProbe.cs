using System.Globalization;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Check;

/// <summary>Limits that a restore may have to raise.</summary>
internal static class ResourceProbe
{
    private const string PipeMaxSize = "/proc/sys/fs/pipe-max-size";

    /// <summary>Whether limits can be raised above the hard limit.</summary>
    public static Finding Limits() => Capabilities.Has(Capabilities.CAP_SYS_RESOURCE)
        ? Finding.Ok("CAP_SYS_RESOURCE")
        : Finding.Limited(
            "no CAP_SYS_RESOURCE",
            "A process whose hard limits are above those of this user cannot be restored with them; give CAP_SYS_RESOURCE if it must.");

    /// <summary>How large a restored pipe can be.</summary>
    public static Finding PipeSize()
    {
        long size = long.Parse(File.ReadAllText(PipeMaxSize), CultureInfo.InvariantCulture);
        return Capabilities.Has(Capabilities.CAP_SYS_RESOURCE)
            ? Finding.Ok($"{Readable.Bytes(size)}, and more with CAP_SYS_RESOURCE")
            : Finding.Limited(
                $"{Readable.Bytes(size)}", $"Larger pipes cannot be restored; raise {PipeMaxSize} if there are some.");
    }
}
