using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Plan;
using Xunit;

namespace LazyRestore.Restore.Tests;

/// <summary>The order in which a tree comes into being, as data.</summary>
public sealed class TreePlanTests
{
    private const int Root = 100;

    [Fact]
    public void AProcessAloneInTheRestorersSessionNeedsNothing() => Assert.Empty(Plan(Process(Root, 1, session: 7, group: 8)));

    [Fact]
    public void AProcessAloneMayLeadASessionOrAGroup()
    {
        Assert.Equal([new SessionStep(Root)], Plan(Process(Root, 1, Root, Root)));
        Assert.Equal([new GroupStep(Root, Root)], Plan(Process(Root, 1, 7, Root)));
    }

    [Fact]
    public void ChildrenInheritASession() => Assert.Equal(
        [new SessionStep(Root), new ForkStep(Root, 101), new ForkStep(101, 102)],
        Plan(Process(Root, 1, Root, Root), Process(101, Root, Root, Root), Process(102, 101, Root, Root)));

    [Fact]
    public void AChildOfTheFormerSessionIsForkedBeforeItsParentBeginsAnother() => Assert.Equal(
        [new SessionStep(Root), new ForkStep(Root, 101), new ForkStep(101, 102), new SessionStep(101), new ForkStep(101, 103)],
        Plan(Process(Root, 1, Root, Root), Process(101, Root, 101, 101), Process(102, 101, Root, Root), Process(103, 101, 101, 101)));

    [Fact]
    public void GroupsBeginBeforeAnyoneJoins() => Assert.Equal(
        [
            new SessionStep(Root), new ForkStep(Root, 101), new ForkStep(Root, 102), new GroupStep(102, 102), new GroupStep(101, 102),
        ],
        Plan(Process(Root, 1, Root, Root), Process(101, Root, Root, 102), Process(102, Root, Root, 102)));

    [Fact]
    public void AStandInBeginsTheGroupOfOneThatIsGone() => Assert.Equal(
        [
            new SessionStep(Root), new ForkStep(Root, 101), new ForkStep(Root, 102), new ForkStep(101, 99, IsStandIn: true), new GroupStep(99, 99),
            new GroupStep(101, 99), new GroupStep(102, 99), new LeaveStep(99, 101),
        ],
        Plan(Process(Root, 1, Root, Root), Process(101, Root, Root, 99), Process(102, Root, Root, 99)));

    [Fact]
    public void WhoBeganAGroupAndLeftItJoinsTheOtherOneLast() => Assert.Equal(
        [
            new SessionStep(Root), new ForkStep(Root, 101), new ForkStep(Root, 102), new GroupStep(101, 101), new GroupStep(102, 101),
            new GroupStep(101, Root),
        ],
        Plan(Process(Root, 1, Root, Root), Process(101, Root, Root, Root), Process(102, Root, Root, 101)));

    [Fact]
    public void AStandInForksAnOrphanOfASessionWhoseLeaderIsGone() => Assert.Equal(
        [
            new SessionStep(Root), new ReaperStep(Root, true), new ForkStep(Root, 90, IsStandIn: true), new SessionStep(90), new ForkStep(90, 101),
            new LeaveStep(90, Root), new ReaperStep(Root, false),
        ],
        Plan(Process(Root, 1, Root, Root), Process(101, Root, 90, 90)));

    [Fact]
    public void AnOrphanOfASessionThatIsThereIsForkedInIt() => Assert.Equal(
        [
            new SessionStep(Root), new ForkStep(Root, 101), new SessionStep(101), new ReaperStep(Root, true), new ForkStep(101, -1, IsStandIn: true),
            new ForkStep(-1, 102), new LeaveStep(-1, 101), new ReaperStep(Root, false),
        ],
        Plan(Process(Root, 1, Root, Root), Process(101, Root, 101, 101), Process(102, Root, 101, 101)));

    /// <summary>Who has the terminal inherits it, and the group that was in the foreground is there when it returns to it.</summary>
    [Fact]
    public void ASessionTakesItsTerminalBeforeItsMembersAreForked()
    {
        const int Slave = (136 << 8) | 3;
        TerminalMasterRecord master = new()
        {
            Id = 1,
            StatusFlags = 2,
            Index = 3,
            Modes = default,
            WindowSize = default,
            UserId = 0,
            GroupId = 0,
            Mode = 0,
            Locked = false,
            Exclusive = false,
            Packets = false,
            Stopped = false,
            Slaves = TerminalSlaves.Open,
            ForegroundGroup = 102,
            Lines = [],
            Input = default,
            Output = default,
        };
        Checkpoint tree = Tree(
            Process(Root, 1, Root, Root), Process(101, Root, 101, 101) with { Terminal = Slave }, Process(102, 101, 101, 102) with { Terminal = Slave },
            Process(103, 101, 101, 101));

        Assert.Equal(
            [
                new SessionStep(Root), new ForkStep(Root, 101), new SessionStep(101), new TerminalStep(101, 3), new ForkStep(101, 102), new ForkStep(101, 103),
                new GroupStep(102, 102), new NoTerminalStep(103, 3), new ForegroundStep(101, 3, 102),
            ],
            TreePlan.Build(tree with { Files = [master] }));
        Assert.DoesNotContain(TreePlan.Build(tree), step => step is TerminalStep or NoTerminalStep or ForegroundStep);
    }

    [Fact]
    public void ZombiesEndWhenAllElseIsDone()
    {
        ZombieRecord zombie = new() { Pid = 102, ParentPid = Root, ProcessGroup = 101, Session = Root, Name = "z", Status = 9 };
        Checkpoint tree = Tree(Process(Root, 1, Root, Root), Process(101, Root, Root, 101)) with { Zombies = [zombie] };

        Assert.Equal(
            [
                new SessionStep(Root), new ForkStep(Root, 101), new ForkStep(Root, 102), new GroupStep(101, 101), new GroupStep(102, 101),
                new EndStep(102, Root, 9),
            ],
            TreePlan.Build(tree));
    }

    [Fact]
    public void WhatOneCallMakesIsCreatedByOneProcess()
    {
        Checkpoint tree = Tree(Process(Root, 1, 7, 7), Process(101, Root, 7, 7)) with
        {
            Files =
            [
                new PipeRecord { Id = 1, StatusFlags = 0, PipeId = 5, WriteEnd = false, Capacity = 1, Content = [] },
                new PipeRecord { Id = 2, StatusFlags = 1, PipeId = 5, WriteEnd = true, Capacity = 1, Content = [] },
                new EventFdRecord { Id = 3, StatusFlags = 2, Count = 0, Semaphore = false },
            ],
            Descriptors = [new DescriptorRecord { Number = 3, FileId = 1, CloseOnExec = false }],
        };
        Checkpoint child = tree.Descendants[0] with
        {
            Descriptors =
            [
                new DescriptorRecord { Number = 4, FileId = 2, CloseOnExec = false }, new DescriptorRecord { Number = 5, FileId = 3, CloseOnExec = false },
            ],
        };

        DescriptorSharing sharing = new(tree with { Descendants = [child] });

        Assert.Equal([true, true, false], tree.Files.Select(file => sharing.IsCreatedBy(0, file)));
        Assert.Empty(sharing.TakenBy(0));
        Assert.Equal([(2, 0)], sharing.TakenBy(1));
    }

    private static IReadOnlyList<TreeStep> Plan(params ProcessRecord[] processes) => TreePlan.Build(Tree(processes));

    private static Checkpoint Tree(params ProcessRecord[] processes)
    {
        Checkpoint[] all = [.. processes.Select(Of)];
        return all[0] with { Descendants = all[1..] };
    }

    private static Checkpoint Of(ProcessRecord process) => new()
    {
        Header = null!,
        Process = process,
        Layout = null!,
        Threads = [],
        Vmas = [],
        MappedFiles = [],
        Objects = [],
        Files = [],
        Descriptors = [],
    };

    private static ProcessRecord Process(int pid, int parent, int session, int group) => new()
    {
        Pid = pid,
        ParentPid = parent,
        Session = session,
        ProcessGroup = group,
        Executable = "/bin/true",
        WorkingDirectory = "/",
        RootDirectory = "/",
        Umask = 0,
        Personality = 0,
        Dumpable = 1,
        ChildSubreaper = false,
        HugePagesDisabled = false,
        OomScoreAdjustment = 0,
        Limits = [],
        SignalActions = [],
        PendingSignals = [],
        IntervalTimers = [],
        PosixTimers = [],
    };
}
