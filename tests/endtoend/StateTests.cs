using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>Every kind of state comes back: the program finds it unchanged from inside, and /proc from outside.</summary>
public sealed class StateTests
{
    public static IEnumerable<string> Targets =>
    [
        "memory", "registers", "signals", "threads", "blocked", "timers", "layout", "identity", "identity user", "files", "events", "sockets",
        "locks", "watches", "places", "seccomp", "terminals", "sysv", "datagrams",
        "vmaflags", "ballast",
    ];

    public static TheoryData<string> Alone => [.. Targets];

    public static TheoryData<string, Mode> InEveryMode =>
        [
            .. from target in Targets
               from mode in Enum.GetValues<Mode>()
               where !(target == "vmaflags" && mode == Mode.Demand) // The kernel shows that memory is still registered.
               select new TheoryDataRow<string, Mode>(target, mode),
        ];

    // A program that makes threads by itself all the time is only asked, not compared.
    private static bool StandsStill(string target) => target is not "timers";

    /// <summary>Proves the targets themselves: without a checkpoint, they find no difference.</summary>
    [Theory]
    [MemberData(nameof(Alone))]
    public void TargetHoldsByItself(string target)
    {
        using Subject subject = Start(target);
        subject.Verify();
    }

    [Theory]
    [MemberData(nameof(InEveryMode))]
    public void StateComesBack(string target, Mode mode)
    {
        using Subject subject = Start(target);
        ProcessSnapshot before = subject.Snapshot();
        subject.Dump();
        subject.Restore(mode);
        if (mode is not Mode.Demand)
        {
            if (StandsStill(target))
            {
                subject.AwaitAsBefore(before);
            }

            subject.AwaitAgentEnd();
        }

        subject.Verify();
        subject.AwaitAgentEnd();
    }

    /// <summary>A process that goes on after its checkpoint is as it was, and the image holds the moment of the checkpoint.</summary>
    [Theory]
    [MemberData(nameof(Alone))]
    public void ProcessGoesOnAfterItsCheckpoint(string target)
    {
        using Subject subject = Start(target);
        ProcessSnapshot before = subject.Snapshot();
        subject.Tool(subject.DumpArguments("--leave-running")).Exits(0);
        if (StandsStill(target))
        {
            subject.AwaitAsBefore(before);
        }

        subject.Verify();
    }

    [Theory]
    [InlineData("memory", "lz4")]
    [InlineData("memory", "zstd")]
    [InlineData("events", "lz4")]
    [InlineData("ballast", "zstd")]
    public void CompressedMemoryComesBack(string target, string codec)
    {
        using Subject subject = Start(target);
        subject.Dump("--compress", codec);
        subject.Restore(Mode.Lazy);
        subject.Verify();
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("threads")]
    [InlineData("events")]
    [InlineData("sockets")]
    [InlineData("signals")]
    [InlineData("timers")]
    [InlineData("vmaflags")]
    public void StateSurvivesSeveralCheckpoints(string target)
    {
        using Subject subject = Start(target);
        ProcessSnapshot before = subject.Snapshot();
        foreach (Mode mode in (Mode[])[Mode.Lazy, Mode.Eager, Mode.Lazy])
        {
            subject.Dump();
            subject.Restore(mode);
            subject.AwaitAgentEnd();
            if (StandsStill(target))
            {
                subject.AwaitAsBefore(before);
            }
        }

        subject.Verify();
    }

    /// <summary>The static program has no loader, and its own place for everything.</summary>
    [Theory]
    [InlineData("memory", Mode.Lazy)]
    [InlineData("threads", Mode.Demand)]
    [InlineData("layout", Mode.Eager)]
    public void StaticProgramComesBack(string target, Mode mode)
    {
        using Subject subject = Subject.StartTarget(LazyRestoreBinary.Native, TargetProgram.Compile(target, isStatic: true), Arguments(target));
        subject.Dump();
        subject.Restore(mode);
        subject.Verify();
    }

    private static Subject Start(string target) => Subject.StartTarget(target.Split(' ')[0], Arguments(target));

    private static string[] Arguments(string target) => target switch
    {
        "layout" => ["an argument", "last argument"],
        "ballast" => ["64", "watch"],
        _ => target.Split(' ')[1..],
    };
}
