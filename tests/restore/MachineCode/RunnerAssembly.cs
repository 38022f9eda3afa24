using System.Numerics;
using Iced.Intel;
using LazyRestore.Restore.Programs;
using static Iced.Intel.AssemblerRegisters;

namespace LazyRestore.Restore.Tests.MachineCode;

/// <summary>The instructions of <see cref="RunnerCode"/>.</summary>
internal static class RunnerAssembly
{
    private static readonly AssemblerRegister64[] s_arguments = [rdi, rsi, rdx, r10, r8, r9];

    /// <summary>Assembles the runner for an address.</summary>
    internal static byte[] Assemble(ulong address)
    {
        var assembler = new Assembler(64);
        Label next = assembler.CreateLabel();
        Label store = assembler.CreateLabel();
        Label succeeded = assembler.CreateLabel();
        Label advance = assembler.CreateLabel();
        Label done = assembler.CreateLabel();

        assembler.Label(ref next);
        assembler.cmp(rbx, rbp);
        assembler.jae(done);
        for (int i = 0; i < s_arguments.Length; i++)
        {
            Label isValue = assembler.CreateLabel();
            assembler.mov(s_arguments[i], __qword_ptr[rbx + CallLayout.ArgumentsOffset + (i * sizeof(ulong))]);
            assembler.test(__byte_ptr[rbx + CallLayout.FlagsOffset], 1 << i);
            assembler.je(isValue);
            assembler.mov(s_arguments[i], __qword_ptr[s_arguments[i]]);
            assembler.Label(ref isValue);
            assembler.nop();
        }

        assembler.mov(eax, __dword_ptr[rbx]);
        assembler.syscall();

        // A call that creates a task returns twice. The new task sees 0 and goes on with the next call. The result stays its
        // creator's, also when both write to the same memory.
        assembler.test(__byte_ptr[rbx + CallLayout.FlagsOffset], (byte)CallLayout.BranchFlag);
        assembler.je(store);
        assembler.test(rax, rax);
        assembler.je(advance);
        assembler.Label(ref store);
        assembler.mov(__qword_ptr[rbx + CallLayout.ResultOffset], rax);
        assembler.cmp(rax, -4095);
        assembler.jb(succeeded);
        assembler.test(__byte_ptr[rbx + CallLayout.FlagsOffset], (int)CallLayout.StopOnErrorFlag);
        assembler.jne(done);
        assembler.Label(ref succeeded);
        assembler.movzx(ecx, __word_ptr[rbx + CallLayout.SkipOffset]);
        assembler.shl(ecx, (byte)BitOperations.Log2(CallLayout.Size));
        assembler.add(rbx, rcx);
        assembler.Label(ref advance);
        assembler.add(rbx, CallLayout.Size);
        assembler.jmp(next);
        // The end announces itself by a signal to the thread itself, which its tracer takes away. A trap instruction would do as
        // well, but the kernel forces its signal: that resets the disposition of a process that blocks or ignores SIGTRAP.
        assembler.Label(ref done);
        assembler.mov(rdi, r12);
        assembler.mov(rsi, r13);
        assembler.mov(rdx, r14);
        assembler.mov(eax, (int)SystemCall.tgkill);
        assembler.syscall();

        // Nobody traces the thread any more: it goes back to where it was.
        assembler.mov(rsp, r15);
        assembler.mov(eax, (int)SystemCall.rt_sigreturn);
        assembler.syscall();
        assembler.int3();

        using var code = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(code), address);
        return code.ToArray();
    }
}
