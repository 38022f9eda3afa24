using System.Runtime.InteropServices;

namespace LazyRestore.EndToEnd.Tests;

internal static partial class Interop
{
    internal const int SIGINT = 2;
    internal const int SIGKILL = 9;
    internal const int SIGUSR1 = 10;
    internal const int SIGTERM = 15;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int kill(int pid, int sig);
}
