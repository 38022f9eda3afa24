using System.Globalization;

namespace LazyRestore.Tools.Check;

/// <summary>The effective capabilities of this process, capabilities(7).</summary>
internal static class Capabilities
{
    internal const int CAP_SYS_PTRACE = 19;
    internal const int CAP_SYS_ADMIN = 21;
    internal const int CAP_SYS_RESOURCE = 24;
    internal const int CAP_CHECKPOINT_RESTORE = 40;

    private const string Key = "CapEff:";

    /// <summary>Whether the process has a capability.</summary>
    public static bool Has(int capability) => (Effective() >> capability & 1) != 0;

    private static ulong Effective()
    {
        string line = File.ReadLines("/proc/thread-self/status").First(line => line.StartsWith(Key, StringComparison.Ordinal));
        return ulong.Parse(line.AsSpan(Key.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
