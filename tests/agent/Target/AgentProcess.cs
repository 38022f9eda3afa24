using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Agent.Tests.Target;

/// <summary>
/// An agent that is a process of its own, so that it can be killed: this very program, told by its environment to serve pages instead
/// of running tests. It takes the descriptors from the test, which is their holder.
/// </summary>
internal sealed class AgentProcess : IDisposable
{
    private const string Variable = "LAZYRESTORE_TEST_AGENT";

    private readonly Process _process;

    /// <summary>Starts an agent and waits until it serves.</summary>
    /// <param name="held">The userfaultfd, the state, parking A and parking B.</param>
    public AgentProcess(params SafeFileHandle[] held)
    {
        string numbers = string.Join(' ', held.Select(handle => handle.DangerousGetHandle().ToString(CultureInfo.InvariantCulture)));
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true };
        start.Environment[Variable] = $"{Environment.ProcessId} {numbers}";
        _process = Process.Start(start)!;
        Assert.Equal("serving", _process.StandardOutput.ReadLine());
    }

    /// <summary>Ends it as SIGKILL does.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    [ModuleInitializer]
    internal static void ServeIfAsked()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { } request)
        {
            int[] numbers = [.. request.Split(' ').Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
            SafeFileHandle[] taken = [.. numbers.Skip(1).Select(number => TargetProcess.Take(numbers[0], number))];
            using var service = PageService.Resume(taken[0], taken[1], taken[2], taken[3]);
            service.Start();
            Console.WriteLine("serving");
            PageServiceResult result = service.Completion.Result;
            if (result.Failure is not null)
            {
                Console.Error.WriteLine(result);
            }

            Environment.Exit((int)result.End);
        }
    }
}
