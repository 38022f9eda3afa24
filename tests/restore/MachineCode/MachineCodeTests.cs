using Iced.Intel;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Stub;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LazyRestore.Restore.Tests.MachineCode;

/// <summary>The machine code is what its instructions assemble to, wherever it lies.</summary>
public sealed class MachineCodeTests
{
    [Theory]
    [InlineData(0x10000)]
    [InlineData(0x2acc_06c0_0000)]
    public void RunnerIsItsInstructions(ulong address) => AssertCode(RunnerAssembly.Assemble(address), RunnerCode.Bytes);

    [Theory]
    [InlineData(0x10000)]
    [InlineData(0x2acc_06c0_0000)]
    public void MoverIsItsInstructions(ulong address) => AssertCode(MoverAssembly.Assemble(address), MoverCode.Bytes);

    [Fact]
    public void SpawnIsItsInstructions() => AssertCode(SpawnAssembly.Assemble(), SpawnCode.Bytes);

    [Fact]
    public void StubWaitsForEver()
    {
        var assembler = new Assembler(64);
        Label again = assembler.CreateLabel();
        assembler.Label(ref again);
        assembler.mov(eax, (int)SystemCall.pause);
        assembler.syscall();
        assembler.jmp(again);
        using var code = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(code), StubElf.Base);
        AssertCode(code.ToArray(), StubElf.Code);
    }

    private static void AssertCode(byte[] assembled, ReadOnlySpan<byte> code) =>
        Assert.Equal(Hex(assembled), Hex(code));

    // As it stands in the source, to be copied from a failure.
    private static string Hex(ReadOnlySpan<byte> code) => string.Join(", ", code.ToArray().Select(value => $"0x{value:x2}"));
}
