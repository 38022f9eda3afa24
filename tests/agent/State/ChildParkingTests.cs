using LazyRestore.Agent.State;
using Microsoft.Win32.SafeHandles;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Tests.State;

/// <summary>Parked descriptors outlive the agent that parked them; the holder's ends are duplicates of the agent's.</summary>
public class ChildParkingTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(400)]
    public void ASuccessorFindsTheNewestSet(int count)
    {
        using SafeFileHandle marker = Duplicate(OpenNull());
        ChildParking agent = ChildParking.Create();
        using SafeFileHandle heldA = Duplicate(agent.EndA);
        using SafeFileHandle heldB = Duplicate(agent.EndB);
        ParkedChild child = new((int)marker.DangerousGetHandle(), (int)marker.DangerousGetHandle());
        Assert.Equal(0, agent.Park([child, child, child]));
        Assert.Equal(0, agent.Park([.. Enumerable.Repeat(child, count)]));
        agent.Dispose();

        using ChildParking successor = new(Duplicate((int)heldA.DangerousGetHandle()), Duplicate((int)heldB.DangerousGetHandle()));
        AssertParked(successor, count);

        // It stays there until something newer is.
        AssertParked(successor, count);
        Assert.Equal(0, successor.Park([child]));
        AssertParked(successor, 1);
        Assert.Equal(0, successor.Park([]));
        AssertParked(successor, 0);
    }

    [Fact]
    public void ASetThatWasCutShortLeavesTheFormerOne()
    {
        using ChildParking agent = ChildParking.Create();
        int descriptor = OpenNull();
        ParkedChild child = new(descriptor, descriptor);
        Assert.Equal(0, agent.Park([child, child]));
        Assert.Equal(0, ParkingMessage.Send(agent.EndA, new ParkingHeader(2, 0, 2, 1), [child]));
        AssertParked(agent, 2);
        Assert.Equal(0, agent.Park([child, child, child]));
        AssertParked(agent, 3);
        _ = close(descriptor);
    }

    private static void AssertParked(ChildParking parking, int count)
    {
        IReadOnlyList<ParkedChild> parked = parking.Peek();
        Assert.Equal(count, parked.Count);
        foreach (ParkedChild child in parked)
        {
            Assert.Equal(0, close(child.UserFault));
            Assert.Equal(0, close(child.State));
        }
    }

    private static unsafe int OpenNull()
    {
        fixed (byte* path = "/dev/null\0"u8)
        {
            int descriptor = open(path, O_RDWR | O_CLOEXEC);
            Assert.True(descriptor >= 0);
            return descriptor;
        }
    }

    private static SafeFileHandle Duplicate(int descriptor)
    {
        int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
        Assert.True(copy >= 0);
        return new SafeFileHandle(copy, ownsHandle: true);
    }
}
