using System.Diagnostics;
using System.Globalization;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>A restore that cannot succeed says so before a process exists, or leaves none behind.</summary>
public sealed class RestoreFailureTests
{
    [Fact]
    public void TakenPidIsNamedAndANewOneCanBeAsked()
    {
        using Subject subject = Subject.StartTarget("ballast", "16");
        int original = subject.Pid;
        subject.Tool(subject.DumpArguments("--leave-running")).Exits(0);
        subject.Tool("restore", "-d", subject.Image).Exits(3).Names(original.ToString(CultureInfo.InvariantCulture), "--new-pid");
        Assert.True(Proc.IsAlive(original));

        subject.Restore(Mode.Lazy, "--new-pid");
        Assert.NotEqual(original, subject.Pid);
        Signals.Send(original, Signals.Kill);
        subject.Await("the original ends", () => !Proc.IsAlive(original));
        subject.Verify();
    }

    [Fact]
    public void ChangedProgramIsRefused()
    {
        string program = TargetProgram.Compile("ballast");
        using Scratch copies = new();
        string copy = copies.File("program");
        File.Copy(program, copy);
        using Subject subject = Subject.StartTarget(LazyRestoreBinary.Native, copy, "4");
        subject.Dump();

        File.Copy(program, copies.File("other"));
        File.AppendAllText(copies.File("other"), "changed");
        File.Move(copies.File("other"), copy, overwrite: true);
        AssertRefused(subject, copy);
        File.Delete(copy);
        AssertRefused(subject, copy);
    }

    [Fact]
    public void VanishedOpenFileIsRefused()
    {
        using Subject subject = Subject.StartTarget("files");
        subject.Dump();
        File.Move(subject.Scratch.File("regular"), subject.Scratch.File("elsewhere"));
        AssertRefused(subject, subject.Scratch.File("regular"));
        File.Move(subject.Scratch.File("elsewhere"), subject.Scratch.File("regular"));
        subject.Restore();
        subject.Verify();
    }

    [Fact]
    public void TakenPortIsNamed()
    {
        using Subject subject = Subject.StartTarget("sockets");
        subject.Dump();
        subject.Restore();
        // The first copy holds its addresses, so a second one cannot have them.
        CommandResult result = subject.Tool("restore", "-d", "--new-pid", subject.Image);
        Assert.True(result.ExitCode is 1 or 3, result.ToString());
        AssertNoOtherProcess(subject, subject.Pid);
        subject.Verify();
    }

    [Fact]
    public void DamagedImageIsRefused()
    {
        using Subject subject = Subject.StartTarget("memory");
        subject.Dump();
        byte[] image = File.ReadAllBytes(subject.Image);
        Random random = new(5);
        foreach (int length in (int[])[0, 1, 100, 5000, image.Length / 2, image.Length - 1])
        {
            File.WriteAllBytes(subject.Image, image[..length]);
            AssertDamaged(subject, $"cut to {length} bytes");
        }

        for (int i = 0; i < 8; i++)
        {
            // Among the records at the start, all of which are covered by the digest.
            byte[] damaged = [.. image];
            damaged[random.Next(4000)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(subject.Image, damaged);
            AssertDamaged(subject, $"flipped bit {i}");
        }

        File.WriteAllText(subject.Image, "this is no image");
        AssertDamaged(subject, "text");
        File.WriteAllBytes(subject.Image, image);
        subject.Restore();
        subject.Verify();
    }

    /// <summary>A page whose checksum is wrong never reaches the process.</summary>
    [Fact]
    public void DamagedPageEndsTheProcessWhenAsked()
    {
        using Subject subject = Subject.StartTarget("ballast", "32");
        subject.Dump();
        byte[] image = File.ReadAllBytes(subject.Image);
        for (int at = image.Length / 4; at < image.Length * 3 / 4; at += 4096)
        {
            image[at + 100] ^= 0x10;
        }

        File.WriteAllBytes(subject.Image, image);
        subject.Tool("inspect", subject.Image, "verify").Exits(4);
        subject.Tool("restore", "-d", "--eager", subject.Image).Exits(4);
        AssertNoOtherProcess(subject, 0);
        RunningProcess agent = subject.RestoreInForeground(Mode.Demand, "--on-page-error", "kill");
        File.WriteAllText(subject.Scratch.File("go"), "");
        agent.WaitForExit();
        Assert.DoesNotContain("differs", subject.Log, StringComparison.Ordinal);
        Assert.False(Proc.IsAlive(subject.Pid));
    }

    [Fact]
    public void MissingImageIsNamed()
    {
        using Scratch scratch = new();
        CommandResult result = LazyRestoreBinary.Native.Run(scratch, "restore", scratch.File("none.ckpt"));
        Assert.Equal(1, result.ExitCode);
        result.Names("none.ckpt");
    }

    private static void AssertRefused(Subject subject, string path)
    {
        CommandResult result = subject.Tool("restore", "-d", subject.Image);
        Assert.True(result.ExitCode is 1 or 3, result.ToString());
        result.Names(path);
        AssertNoOtherProcess(subject, 0);
    }

    private static void AssertDamaged(Subject subject, string how)
    {
        CommandResult result = subject.Tool("restore", "-d", subject.Image);
        Assert.True(result.ExitCode == 4, $"{how}: {result}");
        AssertNoOtherProcess(subject, 0);
    }

    private static void AssertNoOtherProcess(Subject subject, int pid)
    {
        int[] left = [.. Process.GetProcesses().Select(process => process.Id)
            .Where(id => id != pid && Proc.IsAlive(id) && Proc.Text(id, "cmdline").Contains(subject.Scratch.Folder, StringComparison.Ordinal))];
        Assert.True(left.Length == 0, $"a process was left behind:\n{string.Join('\n', left.Select(Proc.Describe))}");
    }
}
