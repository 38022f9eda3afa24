using System.Runtime.InteropServices;
using LazyRestore.Agent;
using LazyRestore.Restore.Programs;
using static Tmds.Linux.LibC;

namespace LazyRestore.Restore.Stub;

/// <summary>Starts an empty process with a wanted process ID (clone3(2) with set_tid).</summary>
internal static unsafe class StubProcess
{
    private const int AlreadyExists = 17;
    private const int NotPermitted = 1;
    private const int ScratchSize = 16384;

    /// <summary>Starts the stub; it waits to be traced and dies with us until then.</summary>
    /// <param name="pid">The process ID it gets; 0 for any.</param>
    /// <returns>Its process ID.</returns>
    internal static int Start(int pid)
    {
        int file = CreateExecutable();
        byte* scratch = Map(ScratchSize);
        try
        {
            SpawnCode.Bytes.CopyTo(new Span<byte>(scratch, ScratchSize / 2));
            if (mprotect(scratch, (int)MemoryConstants.PageSize, PROT_READ | PROT_EXEC) != 0)
            {
                throw new NativeException("mprotect", Marshal.GetLastPInvokeError(), "of the spawn code");
            }

            byte* data = scratch + MemoryConstants.PageSize;
            var setTid = (int*)(data + 512);
            *setTid = pid;
            var clone = (CloneArguments*)(data + 256);
            *clone = new CloneArguments
            {
                flags = CloneArguments.CLONE_VM | CloneArguments.CLONE_VFORK,
                exit_signal = CloneArguments.SIGCHLD,
                stack = (ulong)(scratch + (2 * MemoryConstants.PageSize)),
                stack_size = MemoryConstants.PageSize,
                set_tid = pid == 0 ? 0 : (ulong)setTid,
                set_tid_size = pid == 0 ? 0ul : 1ul,
            };
            var arguments = (SpawnArguments*)data;
            *arguments = new SpawnArguments
            {
                CloneArguments = clone,
                CloneArgumentsSize = (ulong)sizeof(CloneArguments),
                File = file,
                EmptyPath = data + 1024,
                Arguments = (byte**)(data + 1032),
                Environment = (byte**)(data + 1040),
                AllSignals = ulong.MaxValue,
            };
            *arguments->Arguments = arguments->EmptyPath;
            long child = ((delegate* unmanaged<SpawnArguments*, long>)scratch)(arguments);
            return child > 0 ? (int)child : throw Refused(pid, (int)-child);
        }
        finally
        {
            munmap(scratch, ScratchSize);
            close(file);
        }
    }

    private static int CreateExecutable()
    {
        const uint MfdCloexec = 1;
        fixed (byte* name = "lazyrestore-stub\0"u8)
        {
            int file = (int)Interop.syscall((long)SystemCall.memfd_create, (nint)name, (nint)MfdCloexec);
            if (file < 0)
            {
                throw new NativeException("memfd_create", Marshal.GetLastPInvokeError(), "of the stub");
            }

            byte[] elf = StubElf.Build();
            fixed (byte* bytes = elf)
            {
                if (write(file, bytes, elf.Length) != elf.Length)
                {
                    throw new NativeException("write", Marshal.GetLastPInvokeError(), "of the stub");
                }
            }

            return file;
        }
    }

    private static byte* Map(int size)
    {
        void* start = mmap(null, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return start == MAP_FAILED ? throw new NativeException("mmap", Marshal.GetLastPInvokeError(), "of the spawn code") : (byte*)start;
    }

    private static LazyRestoreException Refused(int pid, int errno) => errno switch
    {
        AlreadyExists => new LazyRestoreException(
            FailureReason.Unsupported,
            $"process ID {pid} is in use, and the process had it when it was saved",
            "End the process that has it, or restore with --new-pid."),
        NotPermitted => new LazyRestoreException(
            FailureReason.Unsupported,
            $"process ID {pid} may not be chosen: clone3 with set_tid is not permitted",
            "Run as root or with CAP_CHECKPOINT_RESTORE, or restore with --new-pid."),
        _ => new NativeException("clone3", errno, $"with process ID {pid}"),
    };
}
