namespace LazyRestore.ImageFormat.Records;

/// <summary>The first record of an image: the format and the host that the checkpoint was taken on.</summary>
public sealed record HeaderRecord : CheckpointRecord
{
    /// <summary>The format version; see docs/format.md for what a reader does with a newer one.</summary>
    public required int Version { get; init; }

    /// <summary>16 random bytes that tell this image from every other.</summary>
    public required ReadOnlyMemory<byte> ImageId { get; init; }

    /// <summary>The program and version that wrote the image.</summary>
    public required string Creator { get; init; }

    /// <summary>When the process was frozen, in nanoseconds since the Unix epoch (CLOCK_REALTIME).</summary>
    public required long CreatedNanoseconds { get; init; }

    /// <summary>The host's name, for people.</summary>
    public required string HostName { get; init; }

    /// <summary>The kernel release, <c>uname -r</c>.</summary>
    public required string KernelRelease { get; init; }

    /// <summary>The machine, <c>uname -m</c>; always <c>x86_64</c>.</summary>
    public required string Machine { get; init; }

    /// <summary>The page size in bytes; always 4096.</summary>
    public required int PageSize { get; init; }

    /// <summary>The boot the process lived in, from <c>/proc/sys/kernel/random/boot_id</c>.</summary>
    public required string BootId { get; init; }

    /// <summary>XCR0: the processor state components that XSAVE areas of the threads may hold.</summary>
    public required ulong XsaveFeatures { get; init; }

    /// <summary>A digest of the kernel's vDSO text; a restore on a kernel with another one is refused.</summary>
    public required ReadOnlyMemory<byte> VdsoDigest { get; init; }
}
