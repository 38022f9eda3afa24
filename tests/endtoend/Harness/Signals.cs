using System.Runtime.InteropServices;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>Sends signals, kill(2).</summary>
internal static partial class Signals
{
    internal const int Interrupt = 2;
    internal const int Kill = 9;
    internal const int User1 = 10;
    internal const int User2 = 12;
    internal const int Terminate = 15;
    internal const int Continue = 18;
    internal const int Stop = 19;

    /// <summary>Whether the process was there to receive it.</summary>
    internal static bool Send(int pid, int signal) =>
        pid > 1 ? SendSignal(pid, signal) == 0 : throw new ArgumentOutOfRangeException(nameof(pid), pid, "not a process of ours");

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int pid, int signal);
}
