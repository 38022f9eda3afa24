using System.Diagnostics;

namespace LazyRestore.Tools.Restoring;

/// <summary>This program started once more.</summary>
internal static class SelfInvocation
{
    /// <summary>The way to start it with other arguments, its standard streams inherited.</summary>
    public static ProcessStartInfo With(IEnumerable<string> arguments)
    {
        string program = Environment.ProcessPath!;

        // The JIT build may have been started through the runtime's own launcher.
        bool launched = Path.GetFileName(program) is "dotnet";
        string assembly = Path.Combine(AppContext.BaseDirectory, "lazyrestore.dll");
        return new ProcessStartInfo(program, launched ? [assembly, .. arguments] : arguments) { UseShellExecute = false };
    }
}
