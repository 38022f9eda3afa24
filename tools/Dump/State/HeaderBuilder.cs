using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Tracing;
using LazyRestore.Tools.Dump.Proc;

namespace LazyRestore.Tools.Dump.State;

/// <summary>Builds the first record of an image.</summary>
public static class HeaderBuilder
{
    // XCR0 stands in the bytes of the XSAVE area that are reserved for software: struct xstate, NT_X86_XSTATE.
    private const int Xcr0Offset = 464;

    /// <summary>The header for a process that has just been frozen.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="extendedState">The XSAVE area of a thread.</param>
    /// <param name="areas">Its memory areas.</param>
    public static HeaderRecord Build(int pid, ReadOnlySpan<byte> extendedState, IReadOnlyList<MemoryArea> areas) => new()
    {
        Version = ImageLayout.SingleProcessVersion,
        ImageId = RandomNumberGenerator.GetBytes(16),
        Creator = $"lazyrestore {typeof(HeaderBuilder).Assembly.GetName().Version?.ToString(3)}",
        CreatedNanoseconds = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100,
        HostName = Kernel("hostname"),
        KernelRelease = Kernel("osrelease"),
        Machine = "x86_64",
        PageSize = 4096,
        BootId = Kernel("random/boot_id"),
        XsaveFeatures = extendedState.Length >= Xcr0Offset + sizeof(ulong)
            ? BinaryPrimitives.ReadUInt64LittleEndian(extendedState[Xcr0Offset..])
            : 0,
        VdsoDigest = DigestVdso(pid, areas),
    };

    private static byte[] DigestVdso(int pid, IReadOnlyList<MemoryArea> areas)
    {
        MemoryArea? vdso = areas.FirstOrDefault(area => area.Name == "[vdso]");
        if (vdso is null)
        {
            return [];
        }

        byte[] text = new byte[vdso.End - vdso.Start];
        ProcessMemory.Read(pid, vdso.Start, text);
        return XxHash128.Hash(text);
    }

    private static string Kernel(string name) => File.ReadAllText($"/proc/sys/kernel/{name}").TrimEnd('\n');
}
