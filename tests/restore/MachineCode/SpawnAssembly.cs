using Iced.Intel;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Stub;
using static Iced.Intel.AssemblerRegisters;

namespace LazyRestore.Restore.Tests.MachineCode;

/// <summary>The instructions of <see cref="SpawnCode"/>.</summary>
internal static class SpawnAssembly
{
    private const int SigSetMask = 2;
    private const int SignalSetSize = 8;
    private const int AtEmptyPath = 0x1000;
    private const int PrSetPdeathsig = 1;
    private const int SigKill = 9;

    internal static byte[] Assemble()
    {
        var a = new Assembler(64);
        Label parent = a.CreateLabel();
        a.push(rbx);
        a.mov(rbx, rdi);
        SetMask(a, SpawnArguments.AllSignalsOffset, SpawnArguments.OldMaskOffset);

        a.mov(rdi, __qword_ptr[rbx + SpawnArguments.CloneArgumentsOffset]);
        a.mov(rsi, __qword_ptr[rbx + SpawnArguments.CloneArgumentsSizeOffset]);
        a.mov(eax, (int)SystemCall.clone3);
        a.syscall();
        a.test(rax, rax);
        a.jne(parent);

        // The child: die with the tool until the process is whole, then become the stub.
        a.mov(edi, PrSetPdeathsig);
        a.mov(esi, SigKill);
        a.mov(eax, (int)SystemCall.prctl);
        a.syscall();
        a.mov(rdi, __qword_ptr[rbx + SpawnArguments.FileOffset]);
        a.mov(rsi, __qword_ptr[rbx + SpawnArguments.EmptyPathOffset]);
        a.mov(rdx, __qword_ptr[rbx + SpawnArguments.ArgumentsOffset]);
        a.mov(r10, __qword_ptr[rbx + SpawnArguments.EnvironmentOffset]);
        a.mov(r8d, AtEmptyPath);
        a.mov(eax, (int)SystemCall.execveat);
        a.syscall();
        a.mov(edi, 127);
        a.mov(eax, (int)SystemCall.exit);
        a.syscall();

        a.Label(ref parent);
        a.mov(__qword_ptr[rbx + SpawnArguments.ResultOffset], rax);
        SetMask(a, SpawnArguments.OldMaskOffset, null);
        a.mov(rax, __qword_ptr[rbx + SpawnArguments.ResultOffset]);
        a.pop(rbx);
        a.ret();

        using var code = new MemoryStream();
        a.Assemble(new StreamCodeWriter(code), 0);
        return code.ToArray();
    }

    private static void SetMask(Assembler a, int maskOffset, int? oldMaskOffset)
    {
        a.mov(edi, SigSetMask);
        a.lea(rsi, __qword_ptr[rbx + maskOffset]);
        if (oldMaskOffset is { } old)
        {
            a.lea(rdx, __qword_ptr[rbx + old]);
        }
        else
        {
            a.xor(edx, edx);
        }

        a.mov(r10d, SignalSetSize);
        a.mov(eax, (int)SystemCall.rt_sigprocmask);
        a.syscall();
    }
}
