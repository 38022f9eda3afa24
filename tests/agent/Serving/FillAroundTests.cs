using LazyRestore.Agent.Serving;

namespace LazyRestore.Agent.Tests.Serving;

public class FillAroundTests
{
    private const ulong PageSize = 4096;

    [Fact]
    public void ASequentialWalkDoublesItsWindowUpToTheLimit()
    {
        FillAround fill = new(16);
        Assert.Equal([1, 2, 4, 8, 16, 16], Walk(fill, 0x100000, 6));
    }

    [Fact]
    public void RandomFaultsBringOnlyThemselves()
    {
        FillAround fill = new(64);
        Random random = new(5);
        for (int fault = 0; fault < 1000; fault++)
        {
            ulong address = (ulong)random.Next(1 << 20) * 1024 * PageSize;
            Assert.Equal(1, fill.Window(address));
            fill.Placed(address + PageSize);
        }
    }

    [Fact]
    public void WhereAllIsToComeRandomFaultsBringNeighbours()
    {
        FillAround fill = new(64, leastPages: 16);
        Assert.Equal([16, 32, 64, 64], Walk(fill, 0x100000, 4));
        Assert.Equal(16, fill.Window(0x9000_0000));
    }

    [Fact]
    public void SeveralWalksKeepTheirOwnWindows()
    {
        FillAround fill = new(64);
        ulong[] places = [0x1000_0000, 0x2000_0000, 0x3000_0000, 0x4000_0000];
        for (int step = 0; step < 5; step++)
        {
            for (int walk = 0; walk < places.Length; walk++)
            {
                int window = fill.Window(places[walk]);
                Assert.Equal(1 << step, window);
                places[walk] += (ulong)window * PageSize;
                fill.Placed(places[walk]);
            }
        }
    }

    [Fact]
    public void AWalkThatHydrationHasHelpedIsStillOne()
    {
        FillAround fill = new(64);
        Assert.Equal(1, fill.Window(0x100000));
        fill.Placed(0x101000);
        Assert.Equal(2, fill.Window(0x101000 + (32 * PageSize)));
    }

    [Fact]
    public void ALimitOfOneBringsNoNeighbours() => Assert.Equal([1, 1, 1], Walk(new FillAround(1), 0x100000, 3));

    [Fact]
    public void AnEchoOfAMoveIsTakenOnce()
    {
        MoveEchoes echoes = default;
        echoes.Expect(0x1000, 0x3000);
        Assert.False(echoes.TryTake(0x1000, 0x2000));
        Assert.True(echoes.TryTake(0x1000, 0x3000));
        Assert.False(echoes.TryTake(0x1000, 0x3000));
    }

    private static int[] Walk(FillAround fill, ulong address, int faults)
    {
        int[] windows = new int[faults];
        for (int fault = 0; fault < faults; fault++)
        {
            windows[fault] = fill.Window(address);
            address += (ulong)windows[fault] * PageSize;
            fill.Placed(address);
        }

        return windows;
    }
}
