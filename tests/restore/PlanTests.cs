using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Plan;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Session;
using LazyRestore.Restore.Tracing;
using Xunit;

namespace LazyRestore.Restore.Tests;

/// <summary>Plans are data: what they say is compared without a process.</summary>
public sealed class PlanTests
{
    [Fact]
    public void SanctuaryLiesInTheMiddleOfTheWidestGap()
    {
        Sanctuary sanctuary = Sanctuary.Choose([Vma(0x400000, 0x500000), Vma(0x7000_0000_0000, 0x7000_0001_0000)], 4 << 20);

        Assert.InRange(sanctuary.Start, 0x3000_0000_0000ul, 0x4000_0000_0000ul);
        Assert.Equal(sanctuary.Start + 4096 + (4 << 20), sanctuary.ProgramsEnd);
        Assert.Equal(sanctuary.Start + (6 << 20), sanctuary.MoverShared);
        Assert.Equal(sanctuary.Start + (14 << 20), sanctuary.MoverStage);
        Assert.Equal(sanctuary.Start + (20 << 20), sanctuary.End);
    }

    [Fact]
    public void SanctuaryThatDoesNotFitIsRefused()
    {
        LazyRestoreException error = Assert.Throws<LazyRestoreException>(
            () => Sanctuary.Choose([Vma(0x100000, 0x7fff_0000_0000)], 4 << 20));

        Assert.Equal(FailureReason.Unsupported, error.Reason);
    }

    [Fact]
    public void EverySignalGetsADispositionButTheTwoThatHaveNone()
    {
        var program = new SystemCallProgram();

        SignalPlan.AddActions(program, [new SignalAction(10, 0x1000, 4, 0x2000, 1)]);

        Assert.Equal(62, program.Calls.Count);
        Assert.All(program.Calls, call => Assert.Equal(SystemCall.rt_sigaction, call.Number));
        Assert.DoesNotContain(program.Calls, call => call.About is "disposition of signal 9" or "disposition of signal 19");
    }

    [Fact]
    public void EqualCredentialsNeedNoCall()
    {
        var program = new SystemCallProgram();

        CredentialsPlan.Add(program, Root, Root);

        Assert.Empty(program.Calls);
    }

    [Fact]
    public void IdentitiesChangeBeforeTheSecurityBitsAndCapabilitiesLast()
    {
        var program = new SystemCallProgram();
        Credentials user = Root with { UserIds = [7, 7, 7, 7], Permitted = 0, Effective = 0, Bounding = Root.Bounding & ~1ul, NoNewPrivileges = true };

        CredentialsPlan.Add(program, user, Root);

        Assert.Equal(
            [
                SystemCall.prctl, SystemCall.setgroups, SystemCall.setresgid, SystemCall.setfsgid, SystemCall.setresuid, SystemCall.setfsuid,
                SystemCall.prctl, SystemCall.prctl, SystemCall.capset, SystemCall.prctl,
            ],
            program.Calls.Select(call => call.Number));
    }

    [Theory]
    [InlineData(-512, 0, 0, 98)]
    [InlineData(-514, 34, 34, 98)]
    [InlineData(-516, 7, 7, 98)]
    [InlineData(-516, 219, -4, 100)]
    [InlineData(-4, 232, -4, 100)]
    [InlineData(5, 0, 5, 100)]
    public void InterruptedCallIsMadeAgain(long result, long call, long expected, ulong at)
    {
        UserRegisters registers = BlockedCall.Again(new UserRegisters { rax = (ulong)result, orig_rax = (ulong)call, rip = 100 });

        Assert.Equal((expected, at), ((long)registers.rax, registers.rip));
    }

    [Fact]
    public void ProgramIsLaidOutForItsAddress()
    {
        var program = new SystemCallProgram();
        DataRef data = program.Words(1, 2);
        CallResultRef first = program.Call(SystemCall.getpid);
        program.Try(SystemCall.close, first, data);
        program.Point(data, 8, data);

        ProgramImage image = ProgramImage.Lay(program, 0x10000);

        Assert.Equal(0x10000ul + 128, image.End);
        Assert.Equal((uint)SystemCall.getpid, BitConverter.ToUInt32(image.Bytes));
        Assert.Equal(1u << 6, BitConverter.ToUInt32(image.Bytes, 4));
        Assert.Equal(1u, BitConverter.ToUInt32(image.Bytes, 64 + 4));
        Assert.Equal(0x10000ul + 56, BitConverter.ToUInt64(image.Bytes, 64 + 8));
        Assert.Equal(0x10000ul + 128, BitConverter.ToUInt64(image.Bytes, 64 + 16));
        Assert.Equal(0x10000ul + 128, BitConverter.ToUInt64(image.Bytes, 128 + 8));
    }

    private static Credentials Root { get; } = new()
    {
        UserIds = [0, 0, 0, 0],
        GroupIds = [0, 0, 0, 0],
        Groups = [],
        Inheritable = 0,
        Permitted = 0xff,
        Effective = 0xff,
        Bounding = 0xff,
        Ambient = 0,
        SecureBits = 0,
        NoNewPrivileges = false,
    };

    private static VmaRecord Vma(ulong start, ulong end) => new()
    {
        Start = start,
        End = end,
        Kind = VmaKind.Anonymous,
        Protection = VmaProtection.Read,
        Flags = VmaFlags.None,
        Offset = 0,
        BackingId = 0,
        Name = "",
    };
}
