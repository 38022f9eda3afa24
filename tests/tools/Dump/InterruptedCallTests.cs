using System.Runtime.InteropServices;
using LazyRestore.Restore.Tracing;
using LazyRestore.Tools.Dump.State;

namespace LazyRestore.Tools.Tests.Dump;

public sealed unsafe class InterruptedCallTests
{
    private const ulong RestartBlock = unchecked((ulong)-516);

    [Theory]
    [InlineData("[<0>] do_syscall_64+0x71/0x290\n[<0>] entry_SYSCALL_64_after_hwframe+0x76/0x7e", 0x7ffe0000UL, 35)]
    [InlineData("[<0>] do_syscall_64+0x71/0x290\n[<0>] entry_SYSCALL_64_after_hwframe+0x76/0x7e", 1UL, 230)]
    [InlineData("[<0>] futex_do_wait+0x46/0x90\n[<0>] futex_wait_restart+0x4f/0x90\n[<0>] do_syscall_64+0x71/0x290", 0x7ffe0000UL, 202)]
    [InlineData("[<0>] do_sys_poll+0x437/0x5c0\n[<0>] do_restart_poll+0x54/0xa0\n[<0>] do_syscall_64+0x71/0x290", 0x7ffe0000UL, 7)]
    public void A_restarted_call_gets_its_own_number_back(string stack, ulong first, long expected)
    {
        UserRegisters registers = new() { rax = RestartBlock, orig_rax = 219, rdi = first };

        registers = InterruptedCall.Name(registers, stack);

        Assert.Equal(expected, (long)registers.orig_rax);
        Assert.Equal(RestartBlock, registers.rax);
    }

    [Fact]
    public void A_restarted_call_that_is_not_known_ends_with_EINTR()
    {
        UserRegisters registers = InterruptedCall.Name(new UserRegisters { rax = RestartBlock, orig_rax = 219 }, "something_else");

        Assert.Equal((-4, -1), ((long)registers.rax, (long)registers.orig_rax));
    }

    [Fact]
    public void Other_registers_stay_as_they_are()
    {
        UserRegisters registers = new() { rax = RestartBlock, orig_rax = 230, rdi = 7 };

        Assert.Equal(registers, InterruptedCall.Name(registers, ""));
    }

    [Fact]
    public void What_is_left_of_a_sleep_stands_where_the_process_wanted_it()
    {
        long* times = (long*)NativeMemory.Alloc(32);
        (times[0], times[1], times[2], times[3]) = (5, 6, 1000, 0);
        UserRegisters registers = new()
        {
            rax = RestartBlock,
            orig_rax = 230,
            r10 = (ulong)times,
            rdx = (ulong)(times + 2),
        };

        Assert.Equal(5_000_000_006, InterruptedCall.TimeRemaining(Environment.ProcessId, registers, blocked: 7));

        times[0] = -5;
        Assert.Null(InterruptedCall.TimeRemaining(Environment.ProcessId, registers, blocked: 7));

        registers.r10 = 0;
        Assert.Equal(1000_000_000_000, InterruptedCall.TimeRemaining(Environment.ProcessId, registers, blocked: 0));
        Assert.Equal(999_999_999_000, InterruptedCall.TimeRemaining(Environment.ProcessId, registers, blocked: 1000));
        Assert.Equal(1, InterruptedCall.TimeRemaining(Environment.ProcessId, registers, blocked: long.MaxValue / 2));

        registers.orig_rax = 202;
        Assert.Null(InterruptedCall.TimeRemaining(Environment.ProcessId, registers, blocked: 0));

        registers.orig_rax = 7;
        registers.rdx = 20;
        Assert.Equal(15_000_000, InterruptedCall.TimeRemaining(Environment.ProcessId, registers, blocked: 5_000_000));

        registers.rdx = unchecked((ulong)-1);
        Assert.Null(InterruptedCall.TimeRemaining(Environment.ProcessId, registers, blocked: 0));
        NativeMemory.Free(times);
    }
}
