using System.Security.Cryptography;
using System.Text;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>The C programs of tests/targets, compiled once for each state of their sources.</summary>
internal static class TargetProgram
{
    private const string Flags = "-O2 -g -pthread -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers";

    /// <summary>The path of the compiled program.</summary>
    internal static string Compile(string name, bool isStatic = false)
    {
        string source = Path.Combine(Repository.Targets, name + ".c");
        string flags = isStatic ? Flags + " -static-pie" : Flags;
        byte[] inputs = [.. File.ReadAllBytes(source), .. File.ReadAllBytes(Path.Combine(Repository.Targets, "target.h")), .. Encoding.UTF8.GetBytes(flags)];
        string binary = Path.Combine(Repository.Artifacts, $"{name}-{Convert.ToHexStringLower(SHA256.HashData(inputs))[..16]}");
        if (!File.Exists(binary))
        {
            string part = $"{binary}.{Environment.ProcessId}";
            using RunningProcess compiler = RunningProcess.Start(part, Repository.Artifacts, ["gcc", .. flags.Split(' '), "-o", part, source]);
            Assert.True(compiler.WaitForExit() == 0, $"{name}.c does not compile:\n{compiler.Errors}");
            File.Move(part, binary, overwrite: true);
            File.Delete(part + ".out");
            File.Delete(part + ".err");
        }

        return binary;
    }
}
