using LazyRestore.Agent.Faults;
using LazyRestore.Agent.State;
using LazyRestore.Agent.Tests.Target;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Agent.Tests;

public unsafe class SuccessionTests
{
    [Theory]
    [InlineData(HydrationOrder.None)]
    [InlineData(HydrationOrder.Linear)]
    public void ASuccessorGoesOnAfterAnAbruptEnd(HydrationOrder hydration)
    {
        using var served = Served.Start(HydrationOrder.None);
        TargetConnection target = served.Target.Main;
        target.Do("write", ServedImage.At(0), 3);
        target.Do("drop", ServedImage.At(4), 2 * 4096);
        TargetConnection child = served.Target.Fork();
        child.Do("write", ServedImage.At(8), 2);

        // What the dying agent has read is applied by nobody but its successor; the process has long gone on.
        served.Replace(
            between =>
            {
                Assert.True(between.TryLock());
                target.Say("drop", ServedImage.At(10), 4 * 4096);
                ReadWithoutApplying(served, between);
                Assert.Equal("0", target.Hear());
                between.Header->Hydration = (int)hydration;
            });
        child.Say("verify", ServedImage.Start, ServedImage.Pages, ServedImage.Start);
        string parents = "www" + ServedImage.Expected(3, 1) + "00" + ServedImage.Expected(6, 4) + "0000" + ServedImage.Expected(14, 2034);
        Assert.Equal(parents, target.Verify(ServedImage.Start, ServedImage.Pages));
        string childs = "www" + ServedImage.Expected(3, 1) + "00" + ServedImage.Expected(6, 2) + "ww" + ServedImage.Expected(10, 2038);
        Assert.Equal(childs, child.Hear());
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
    }

    [Fact]
    public void FaultsAreKeptWaitingWhileThereIsNoAgent()
    {
        using var served = Served.Start(HydrationOrder.None);
        TargetConnection target = served.Target.Main;
        Assert.Equal("i", target.Verify(ServedImage.At(0), 1));
        served.Replace(_ => target.Say("verify", ServedImage.Start, ServedImage.Pages, ServedImage.Start));
        Assert.Equal(ServedImage.Expected(0, ServedImage.Pages), target.Hear());
    }

    [Fact]
    public void AChildIsNotLostWithAnAgentThatHadReadOfItsForkAndDied()
    {
        using Served served = new(HydrationOrder.None);
        served.Service.Dispose();
        SafeFileHandle[] held = [served.Target.Fault, .. served.Held];
        TargetConnection child;
        using (AgentProcess dying = new(held, diesAtFork: true))
        {
            child = served.Target.Fork();
        }

        child.Say("verify", ServedImage.Start, ServedImage.Pages, ServedImage.Start);
        using AgentProcess successor = new(held);
        Assert.Equal(ServedImage.Expected(0, ServedImage.Pages), child.Hear());
        Assert.Equal(ServedImage.Expected(0, ServedImage.Pages), served.Target.Main.Verify(ServedImage.Start, ServedImage.Pages));
    }

    [Fact]
    public void TwoAgentsDoNotServeOneProcess()
    {
        using var served = Served.Start(HydrationOrder.None);
        var copies = served.Held.Prepend(served.Target.Fault)
            .Select(handle => TargetProcess.Duplicate((int)handle.DangerousGetHandle())).ToArray();
        Assert.Throws<LazyRestoreException>(() => PageService.Resume(copies[0], copies[1], copies[2], copies[3]));
        Assert.Equal("i", served.Target.Main.Verify(ServedImage.At(0), 1));
    }

    // What an agent does before it dies.
    private static void ReadWithoutApplying(Served served, PageState state)
    {
        using UserFault fault = new(TargetProcess.Duplicate((int)served.Target.Fault.DangerousGetHandle()));
        Span<byte> messages = new(state.Header->Messages, StateHeader.MessageCapacity * 32);
        messages.Clear();
        state.SetProcessed(0);
        Assert.True(
            SpinWait.SpinUntil(() => fault.Read(StateHeader.MessagesOf(state.Header), StateHeader.MessageCapacity) > 0, 10_000));
    }
}
