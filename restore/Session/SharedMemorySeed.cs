using LazyRestore.Agent;
using LazyRestore.Agent.Shared;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Plan;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Tracing;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Restore.Session;

/// <summary>What lazy shared memory grows from: the userfaultfd that its mappings are registered with, and the objects themselves.</summary>
/// <param name="Fault">The userfaultfd.</param>
/// <param name="Objects">The objects.</param>
internal sealed record SharedMemorySeed(SafeFileHandle Fault, IReadOnlyList<SharedObject> Objects)
{
    /// <summary>The objects' files, in the order in which the holder has them.</summary>
    internal IReadOnlyList<SafeFileHandle> Files => [.. Objects.Select(memory => memory.File)];

    /// <summary>Registers the mappings in a process whose leader is stopped; null when nothing is selected.</summary>
    internal static SharedMemorySeed? Plant(
        IReadOnlyList<(MemoryObjectRecord Record, VmaRecord[] Vmas)> selection, RemoteRunner runner, Tracee leader, PidDescriptor process)
    {
        if (selection.Count == 0)
        {
            return null;
        }

        SharedObject[] objects = [.. selection.Select(memory => Describe(memory, OpenMapped(leader.Tid, memory.Vmas[0].Start)))];
        (SystemCallProgram program, CallResultRef call) = AddressSpacePlan.RegisterShared(selection.SelectMany(memory => memory.Vmas));
        return new SharedMemorySeed(process.Take((int)runner.Run(leader, program)[call]), objects);
    }

    /// <summary>Takes it from a holder; null when that keeps none.</summary>
    internal static SharedMemorySeed? TakeFrom(PidDescriptor holder, CheckpointImage image, Checkpoint checkpoint)
    {
        IReadOnlyList<int> faults = HolderSearch.Descriptors(holder.Pid, HolderSearch.UserFault);
        return faults.Count < 2 ? null : new SharedMemorySeed(
            holder.Take(faults[1]),
            [.. SharedSelection.Of(image, checkpoint).Select((memory, index) => Describe(memory, holder.Take(Holder.FirstSharedFile + index)))]);
    }

    private static SharedObject Describe((MemoryObjectRecord Record, VmaRecord[] Vmas) memory, SafeFileHandle file) =>
        new(memory.Record.Id, file, [.. memory.Vmas.Select(vma => new SharedMapping(vma.Start, vma.End, vma.Offset))]);

    // What is mapped, whether it has a name or not: proc_pid_map_files(5). The kernel may have made one mapping of two.
    private static SafeFileHandle OpenMapped(int pid, ulong address)
    {
        ProcessMapping mapping = ProcessMaps.Find(pid, address)
            ?? throw new LazyRestoreException(FailureReason.Failed, $"shared memory at 0x{address:x} is not mapped in process {pid}");
        return File.OpenHandle(
            $"/proc/{pid}/map_files/{mapping.Start:x}-{mapping.End:x}", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
    }
}
