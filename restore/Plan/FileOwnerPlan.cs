using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Plan;

/// <summary>
/// Plans who is signalled when open files become ready. The kernel notes the credentials of the caller, so it is done with the process's own,
/// when all threads are there.
/// </summary>
internal static class FileOwnerPlan
{
    private const int SetStatusFlags = 4; // F_SETFL
    private const int SetSignal = 10; // F_SETSIG
    private const int SetOwner = 15; // F_SETOWN_EX
    private const int AsyncFlag = 0x2000; // O_ASYNC

    /// <summary>Adds the calls.</summary>
    /// <param name="program">Where they go.</param>
    /// <param name="checkpoint">The owners.</param>
    /// <param name="tidOf">The thread ID here of a thread of the image.</param>
    internal static void Add(SystemCallProgram program, Checkpoint checkpoint, Func<int, int> tidOf)
    {
        foreach (FileOwnerRecord owner in checkpoint.Owners)
        {
            int descriptor = checkpoint.Descriptors.First(descriptor => descriptor.FileId == owner.FileId).Number;
            program.About($"the owner of descriptor {descriptor}");
            if (owner.Owner != 0)
            {
                program.Call(
                    SystemCall.fcntl, descriptor, SetOwner, program.Words((uint)owner.Kind | ((ulong)tidOf(owner.Owner) << 32)));
            }

            program.Call(SystemCall.fcntl, descriptor, SetSignal, owner.Signal);
            OpenFileRecord file = checkpoint.Files.First(file => file.Id == owner.FileId);
            if ((file.StatusFlags & AsyncFlag) != 0)
            {
                program.Call(SystemCall.fcntl, descriptor, SetStatusFlags, file.StatusFlags);
            }
        }
    }
}
