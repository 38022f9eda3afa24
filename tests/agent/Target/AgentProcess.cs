using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using LazyRestore.Agent.Faults;
using LazyRestore.Agent.State;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Agent.Tests.Target;

/// <summary>
/// An agent that is a process of its own, so that it can be killed: this very program, told by its environment to serve pages instead
/// of running tests. It takes the descriptors from the test, which is their holder.
/// </summary>
internal sealed class AgentProcess : IDisposable
{
    private const string Variable = "LAZYRESTORE_TEST_AGENT";
    private const string DyingVariable = "LAZYRESTORE_TEST_AGENT_DIES";

    private readonly Process _process;

    /// <summary>Starts an agent and waits until it serves.</summary>
    /// <param name="held">The userfaultfd, the state, parking A and parking B.</param>
    /// <param name="diesAtFork">Let it die when it has read that the process forked, before it does anything else.</param>
    public AgentProcess(SafeFileHandle[] held, bool diesAtFork = false)
    {
        string numbers = string.Join(' ', held.Select(handle => handle.DangerousGetHandle().ToString(CultureInfo.InvariantCulture)));
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true };
        start.Environment[Variable] = $"{Environment.ProcessId} {numbers}";
        start.Environment[DyingVariable] = diesAtFork ? "1" : null;
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
            if (Environment.GetEnvironmentVariable(DyingVariable) is not null)
            {
                DieAtFork(taken);
            }

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

    private static unsafe void DieAtFork(SafeFileHandle[] taken)
    {
        UserFault fault = new(taken[0]);
        var state = PageState.Attach(taken[1], taken[2], taken[3]);
        Assert.True(state.TryLock());
        state.StartKeeper();
        state.SetProcessed(0);
        Console.WriteLine("serving");
        Interop.UserFaultFd.uffd_msg* message = StateHeader.MessagesOf(state.Header);
        SpinWait.SpinUntil(() => fault.Read(message, 1) > 0 && message->@event == Interop.UserFaultFd.UFFD_EVENT_FORK);
        Process.GetCurrentProcess().Kill();
    }
}
