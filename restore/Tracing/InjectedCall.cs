using LazyRestore.Agent;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Tracing;

/// <summary>
/// Runs a single system call in a stopped thread from a <c>syscall</c> instruction that is already there. It needs no memory in the
/// process, but a ptrace round trip a call: it only puts the runner in place and takes it away.
/// </summary>
internal static class InjectedCall
{
    internal static ReadOnlySpan<byte> SyscallInstruction => [0x0f, 0x05];

    /// <summary>Finds a <c>syscall</c> instruction within an executable range.</summary>
    internal static ulong? FindInstruction(int pid, ulong start, ulong end)
    {
        byte[] text = new byte[end - start];
        ProcessMemory.Read(pid, start, text);
        int offset = text.AsSpan().IndexOf(SyscallInstruction);
        return offset < 0 ? null : start + (ulong)offset;
    }

    /// <summary>Executes the call and returns its result or throws its error.</summary>
    internal static ulong Run(Tracee thread, ulong instruction, SystemCall number, params ReadOnlySpan<ulong> arguments)
    {
        UserRegisters registers = thread.OwnRegisters;
        registers.rip = instruction;
        registers.rax = (ulong)number;
        registers.rdi = At(arguments, 0);
        registers.rsi = At(arguments, 1);
        registers.rdx = At(arguments, 2);
        registers.r10 = At(arguments, 3);
        registers.r8 = At(arguments, 4);
        registers.r9 = At(arguments, 5);
        long result = (long)thread.CallBorrowed(registers).rax;
        thread.GiveBack();
        return result is < 0 and >= -4095
            ? throw new NativeException($"{number}", (int)-result, $"inside thread {thread.Tid}")
            : (ulong)result;
    }

    private static ulong At(ReadOnlySpan<ulong> arguments, int index) => index < arguments.Length ? arguments[index] : 0;
}
