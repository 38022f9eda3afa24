using Iced.Intel;
using LazyRestore.Agent.State;
using static Iced.Intel.AssemblerRegisters;

namespace LazyRestore.Agent.Tests.MachineCode;

/// <summary>The keeper's machine code is what its instructions assemble to.</summary>
public class KeeperCodeTests
{
    private const int SysSigProcMask = 14;
    private const int SysPrctl = 157;
    private const int SysSetSid = 112;
    private const int SysPpoll = 271;
    private const int SysExitGroup = 231;
    private const int SysClone3 = 435;
    private const int PrSetName = 15;
    private const int SigSetMask = 2;
    private const int SignalSetSize = 8;

    [Fact]
    public void KeeperIsItsInstructions() =>
        Assert.Equal(Hex(Assemble()), Hex(KeeperCode.Bytes));

    private static byte[] Assemble()
    {
        var a = new Assembler(64);
        Label parent = a.CreateLabel();
        a.push(rbx);
        a.push(r12);
        a.mov(rbx, rdi);
        a.lea(rsi, __qword_ptr[rbx + KeeperArguments.AllSignalsOffset]);
        a.lea(rdx, __qword_ptr[rbx + KeeperArguments.OldMaskOffset]);
        SetMask(a);
        a.lea(rdi, __qword_ptr[rbx + KeeperArguments.CloneOffset]);
        a.mov(esi, KeeperArguments.CloneSize);
        Call(a, SysClone3);
        a.test(rax, rax);
        a.jne(parent);

        Call(a, SysSetSid);
        a.mov(edi, PrSetName);
        a.lea(rsi, __qword_ptr[rbx + KeeperArguments.NameOffset]);
        Call(a, SysPrctl);
        a.lea(rdi, __qword_ptr[rbx + KeeperArguments.WatchedOffset]);
        a.mov(esi, 1);
        a.xor(edx, edx);
        a.xor(r10d, r10d);
        Call(a, SysPpoll);
        a.xor(edi, edi);
        Call(a, SysExitGroup);

        a.Label(ref parent);
        a.mov(r12, rax);
        a.lea(rsi, __qword_ptr[rbx + KeeperArguments.OldMaskOffset]);
        a.xor(edx, edx);
        SetMask(a);
        a.mov(rax, r12);
        a.pop(r12);
        a.pop(rbx);
        a.ret();

        using var code = new MemoryStream();
        a.Assemble(new StreamCodeWriter(code), 0);
        return code.ToArray();
    }

    private static void SetMask(Assembler a)
    {
        a.mov(edi, SigSetMask);
        a.mov(r10d, SignalSetSize);
        Call(a, SysSigProcMask);
    }

    private static void Call(Assembler a, int number)
    {
        a.mov(eax, number);
        a.syscall();
    }

    // As it stands in the source, to be copied from a failure.
    private static string Hex(ReadOnlySpan<byte> code) => string.Join(", ", code.ToArray().Select(value => $"0x{value:x2}"));
}
