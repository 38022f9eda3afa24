using System.Runtime.InteropServices;
using Tmds.Linux;

namespace LazyRestore.Agent;

internal static unsafe partial class Interop
{
    /// <summary>ppoll(2): poll(2) whose timeout is finer than a millisecond.</summary>
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ppoll(pollfd* descriptors, nuint count, timespec* timeout, void* signalMask);
}
