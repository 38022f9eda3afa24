using Iced.Intel;
using LazyRestore.Agent.Moving;
using LazyRestore.Restore.Programs;
using static Iced.Intel.AssemblerRegisters;

namespace LazyRestore.Restore.Tests.MachineCode;

/// <summary>The instructions of <see cref="MoverCode"/>.</summary>
internal sealed class MoverAssembly
{
    private const int LooksBeforeSleep = 4000;
    private const int LooksAtClosedGate = 1000;
    private const int GatePauseNanoseconds = 1_000_000;
    private const int Cancelled = -125; // ECANCELED
    private const int PollDescriptorSize = 8;
    private const int PollResultOffset = 6;

    private static readonly AssemblerRegister64[] s_arguments = [rdi, rsi, rdx, r10, r8, r9];

    private readonly Assembler _a = new(64);
    private Label _work;
    private Label _end;

    private MoverAssembly()
    {
        _work = _a.CreateLabel();
        _end = _a.CreateLabel();
    }

    internal static byte[] Assemble(ulong address)
    {
        var assembly = new MoverAssembly();
        assembly.AddAll();
        using var code = new MemoryStream();
        assembly._a.Assemble(new StreamCodeWriter(code), address);
        return code.ToArray();
    }

    private void AddAll()
    {
        Label run = _a.CreateLabel();
        _a.cld();
        AddSearch(ref run);

        _a.Label(ref run);
        _a.mov(__dword_ptr[rbx + MoverLayout.Sleeping], 0);
        _a.mov(rcx, __qword_ptr[r12 + MoverLayout.CopyLength]);
        _a.mov(rdi, __qword_ptr[r12 + MoverLayout.CopyDestination]);
        _a.mov(rsi, __qword_ptr[r12 + MoverLayout.CopySource]);
        _a.rep.movsb();
        AddGate();
        AddCall();
        _a.mov(__dword_ptr[rbx + MoverLayout.Gate], (int)MoverLayout.GateOpen);
        _a.mov(__dword_ptr[r12 + MoverLayout.State], (int)MoverLayout.Done);
        _a.mov(edi, __dword_ptr[rbx + MoverLayout.DoneDescriptor]);
        _a.lea(rsi, __qword_ptr[rbx + MoverLayout.One]);
        _a.mov(edx, sizeof(ulong));
        AddSystemCall(SystemCall.write);
        _a.jmp(_work);

        _a.Label(ref _end);
        _a.xor(edi, edi);
        AddSystemCall(SystemCall.exit_group);
        _a.int3();
    }

    // R12 becomes the first slot that is submitted; without one, look for a while, say that we sleep, look once more, and sleep.
    private void AddSearch(ref Label run)
    {
        Label look = _a.CreateLabel();
        Label next = _a.CreateLabel();
        Label sleep = _a.CreateLabel();
        _a.Label(ref _work);
        _a.mov(r13d, LooksBeforeSleep);
        _a.Label(ref look);
        _a.lea(r12, __qword_ptr[rbx + MoverLayout.FirstSlot]);
        _a.Label(ref next);
        _a.cmp(__dword_ptr[r12 + MoverLayout.State], (int)MoverLayout.Submitted);
        _a.je(run);
        _a.add(r12, MoverLayout.SlotSize);
        _a.cmp(r12, rbp);
        _a.jb(next);
        _a.pause();
        _a.cmp(__dword_ptr[rbx + MoverLayout.Sleeping], 0);
        _a.jne(sleep);
        _a.dec(r13d);
        _a.jne(look);
        _a.mov(eax, 1);
        _a.xchg(__dword_ptr[rbx + MoverLayout.Sleeping], eax);
        _a.jmp(look);

        _a.Label(ref sleep);
        AddPoll(first: 0, count: 3);
        _a.xor(edx, edx);
        AddSystemCall(SystemCall.ppoll);
        _a.mov(__dword_ptr[rbx + MoverLayout.Sleeping], 0);
        AddEndCheck();
        _a.mov(edi, __dword_ptr[rbx + MoverLayout.Watched]);
        _a.lea(rsi, __qword_ptr[rbx + MoverLayout.Read]);
        _a.mov(edx, sizeof(ulong));
        AddSystemCall(SystemCall.read);
        _a.jmp(_work);
    }

    // While the agent reads and applies messages the gate is closed; should it die then, it stays closed.
    private void AddGate()
    {
        Label gate = _a.CreateLabel();
        Label look = _a.CreateLabel();
        Label entered = _a.CreateLabel();
        _a.Label(ref gate);
        _a.mov(r13d, LooksAtClosedGate);
        _a.mov(edx, (int)MoverLayout.GateEntered);
        _a.Label(ref look);
        _a.mov(eax, (int)MoverLayout.GateOpen);
        _a.@lock.cmpxchg(__dword_ptr[rbx + MoverLayout.Gate], edx);
        _a.je(entered);
        _a.pause();
        _a.dec(r13d);
        _a.jne(look);
        AddPoll(first: 1, count: 2);

        // The kernel writes the rest of the time back.
        _a.mov(__qword_ptr[rbx + MoverLayout.GatePause], 0);
        _a.mov(__qword_ptr[rbx + MoverLayout.GatePause + sizeof(long)], GatePauseNanoseconds);
        _a.lea(rdx, __qword_ptr[rbx + MoverLayout.GatePause]);
        AddSystemCall(SystemCall.ppoll);
        AddEndCheck();
        _a.jmp(gate);
        _a.Label(ref entered);
        _a.nop();
    }

    private void AddCall()
    {
        Label made = _a.CreateLabel();
        _a.mov(rax, Cancelled);
        _a.cmp(__dword_ptr[r12 + MoverLayout.Cancelled], 0);
        _a.jne(made);
        for (int i = 0; i < s_arguments.Length; i++)
        {
            _a.mov(s_arguments[i], __qword_ptr[r12 + MoverLayout.Arguments + (i * sizeof(ulong))]);
        }

        _a.mov(rax, __qword_ptr[r12 + MoverLayout.Call]);
        _a.syscall();
        _a.Label(ref made);
        _a.mov(__qword_ptr[r12 + MoverLayout.Result], rax);
    }

    private void AddPoll(int first, int count)
    {
        _a.lea(rdi, __qword_ptr[rbx + MoverLayout.Watched + (first * PollDescriptorSize)]);
        _a.mov(esi, count);
        _a.xor(r10d, r10d);
        _a.xor(r8d, r8d);
    }

    private void AddEndCheck()
    {
        _a.movzx(eax, __word_ptr[rbx + MoverLayout.Watched + PollDescriptorSize + PollResultOffset]);
        _a.or(ax, __word_ptr[rbx + MoverLayout.Watched + (2 * PollDescriptorSize) + PollResultOffset]);
        _a.jne(_end);
    }

    private void AddSystemCall(SystemCall number)
    {
        _a.mov(eax, (int)number);
        _a.syscall();
    }
}
