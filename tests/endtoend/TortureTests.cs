using System.Globalization;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>Threads that touch, drop, remap, fork and re-read their memory while it is still arriving.</summary>
public sealed class TortureTests
{
    [Theory]
    [InlineData(1, Mode.Lazy)]
    [InlineData(2, Mode.Demand)]
    [InlineData(3, Mode.Eager)]
    [InlineData(4, Mode.Lazy)]
    [InlineData(5, Mode.Demand)]
    public void EveryByteIsRight(int seed, Mode mode)
    {
        using Subject subject = Start(seed, 4000);
        subject.Dump();
        // Torture begins with the first instruction after the restore.
        File.WriteAllText(subject.Scratch.File("go"), "");
        subject.Restore(mode);
        subject.Verify();
        subject.AwaitAgentEnd();
    }

    [Theory]
    [InlineData(11, "lz4")]
    [InlineData(12, "zstd")]
    public void EveryByteIsRightFromACompressedImage(int seed, string codec)
    {
        using Subject subject = Start(seed, 3000);
        subject.Dump("--compress", codec);
        File.WriteAllText(subject.Scratch.File("go"), "");
        subject.Restore(Mode.Demand);
        subject.Verify();
    }

    /// <summary>While whole extents are moved.</summary>
    [Theory]
    [InlineData(31, Mode.Lazy, "--placement", "auto")]
    [InlineData(32, Mode.Demand, "--placement", "auto")]
    [InlineData(33, Mode.Lazy, "--huge-pages", "always")]
    [InlineData(34, Mode.Demand, "--huge-pages", "always")]
    public void EveryByteIsRightInHugePages(int seed, Mode mode, string option, string value)
    {
        using Subject subject = Start(seed, 4000, "huge");
        subject.Dump();
        File.WriteAllText(subject.Scratch.File("go"), "");
        subject.Restore(mode, option, value);
        subject.Verify();
        subject.AwaitAgentEnd();
    }

    /// <summary>The agent is killed again and again, and another takes over.</summary>
    [Theory]
    [InlineData(21, Mode.Lazy, "small")]
    [InlineData(22, Mode.Demand, "small")]
    [InlineData(23, Mode.Lazy, "huge")]
    [InlineData(24, Mode.Demand, "huge")]
    public void EveryByteIsRightWhenAgentsDie(int seed, Mode mode, string pages)
    {
        using Subject subject = Start(seed, 4000, pages);
        subject.Dump();
        File.WriteAllText(subject.Scratch.File("go"), "");
        RunningProcess agent = subject.RestoreInForeground(mode);
        Random random = new(seed);
        for (int i = 0; i < 4 && Proc.IsAlive(subject.Pid); i++)
        {
            Thread.Sleep(random.Next(150)); // a random moment is what is tested
            if (agent.HasExited)
            {
                break;
            }

            agent.Signal(Signals.Kill);
            agent.WaitForExit();
            agent = subject.StartTool("agent", "--resume", subject.Pid.ToString(CultureInfo.InvariantCulture));
        }

        subject.Verify();
    }

    private static Subject Start(int seed, int operations, string pages = "small") => Subject.StartTarget(
        "torture", seed.ToString(CultureInfo.InvariantCulture), operations.ToString(CultureInfo.InvariantCulture), "16", pages);
}
