using System.Diagnostics;

namespace LazyRestore.Agent.Tests.Target;

/// <summary>Compiles the target once.</summary>
internal static class TargetProgram
{
    private static readonly Lazy<string> Compiled = new(Compile);

    public static string Path => Compiled.Value;

    private static string Compile()
    {
        string source = System.IO.Path.Combine(AppContext.BaseDirectory, "Target", "target.c");
        string program = System.IO.Path.Combine(AppContext.BaseDirectory, "target");
        using var compiler = Process.Start("gcc", ["-O2", "-Wall", "-no-pie", "-pthread", "-o", program, source]);
        compiler.WaitForExit();
        Assert.Equal(0, compiler.ExitCode);
        return program;
    }
}
