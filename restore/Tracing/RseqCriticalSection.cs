using System.Buffers.Binary;
using LazyRestore.Agent;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Restore.Tracing;

/// <summary>
/// Does what the kernel does when it preempts a thread inside a restartable sequence (rseq(2)): the thread goes on at the abort
/// handler. Without it, running something else in the thread would make the kernel forget the sequence, and the thread would
/// commit per-processor data on another processor.
/// </summary>
internal static class RseqCriticalSection
{
    private const int CriticalSectionOffset = 8;
    private const int DescriptorSize = 32;

    internal static void AbortAll(FrozenProcess process)
    {
        foreach (Tracee thread in process.Threads)
        {
            if (thread.ReadRseq() is { } rseq)
            {
                Abort(thread, rseq);
            }
        }
    }

    private static void Abort(Tracee thread, RseqRegistration rseq)
    {
        try
        {
            Span<byte> pointer = stackalloc byte[sizeof(ulong)];
            ProcessMemory.Read(thread.ProcessId, rseq.Address + CriticalSectionOffset, pointer);
            ulong section = BinaryPrimitives.ReadUInt64LittleEndian(pointer);
            if (section == 0)
            {
                return;
            }

            Span<byte> descriptor = stackalloc byte[DescriptorSize];
            ProcessMemory.Read(thread.ProcessId, section, descriptor);
            ulong start = BinaryPrimitives.ReadUInt64LittleEndian(descriptor[8..]);
            ulong length = BinaryPrimitives.ReadUInt64LittleEndian(descriptor[16..]);
            ulong abort = BinaryPrimitives.ReadUInt64LittleEndian(descriptor[24..]);
            UserRegisters registers = thread.Registers;
            if (registers.rip - start < length)
            {
                registers.rip = abort;
                thread.Registers = registers;
            }
        }
        catch (NativeException)
        {
            // The kernel would end a thread whose area cannot be read; that is for the kernel to do, not for us.
        }
    }
}
