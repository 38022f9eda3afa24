using System.Buffers.Binary;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Plan;

/// <content>Locks and leases: last, since a process loses its locks of a file with the first descriptor of it that it closes.</content>
internal sealed partial class DescriptorPlan
{
    private const int SetLock = 6; // F_SETLK
    private const int SetDescriptionLock = 37; // F_OFD_SETLK
    private const int SetLease = 1024; // F_SETLEASE
    private const int FlockSize = 32;

    private void TakeLocks()
    {
        foreach (FileLockRecord held in _checkpoint.Locks)
        {
            OpenFileRecord file = _checkpoint.Files.First(file => file.Id == held.FileId);
            Program.About($"the lock of {Describe(file)}, which somebody else may hold now");
            int descriptor = _checkpoint.Descriptors.First(descriptor => descriptor.FileId == held.FileId).Number;
            switch (held.Kind)
            {
                case FileLockKind.Whole:
                    const int Shared = 1;
                    const int Exclusive = 2;
                    const int DoNotWait = 4;
                    Program.Call(SystemCall.flock, descriptor, (held.Exclusive ? Exclusive : Shared) | DoNotWait);
                    break;
                case FileLockKind.Lease:
                    Program.Call(SystemCall.fcntl, descriptor, SetLease, held.Exclusive ? 1 : 0);
                    break;
                default:
                    Program.Call(
                        SystemCall.fcntl, descriptor, held.Kind == FileLockKind.Posix ? SetLock : SetDescriptionLock, Program.Data(Flock(held)));
                    break;
            }
        }
    }

    // struct flock: type and whence of 16 bits, then start and length.
    private static byte[] Flock(FileLockRecord held)
    {
        byte[] flock = new byte[FlockSize];
        flock[0] = held.Exclusive ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt64LittleEndian(flock.AsSpan(8), held.Start);
        BinaryPrimitives.WriteInt64LittleEndian(flock.AsSpan(16), held.Length);
        return flock;
    }
}
