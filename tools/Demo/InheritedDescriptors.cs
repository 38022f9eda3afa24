using System.Globalization;

namespace LazyRestore.Tools.Demo;

/// <summary>Descriptors that whoever started this program left open: a child that inherits them could not be saved alone.</summary>
internal static class InheritedDescriptors
{
    private const int FirstAfterStreams = 3;

    /// <summary>Lets no child inherit them.</summary>
    public static void KeepFromChildren()
    {
        foreach (string entry in Directory.GetFileSystemEntries("/proc/self/fd"))
        {
            int descriptor = int.Parse(Path.GetFileName(entry), CultureInfo.InvariantCulture);
            if (descriptor >= FirstAfterStreams)
            {
                // One that was closed in between, as that of the listing itself, is no matter.
                Interop.fcntl(descriptor, Interop.F_SETFD, Interop.FD_CLOEXEC);
            }
        }
    }
}
