using LazyRestore.Tools.Dump.Proc;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>A descriptor of the frozen process, with a duplicate of it in this one so that it can be asked directly.</summary>
/// <param name="Process">The process.</param>
/// <param name="Number">Its number there.</param>
/// <param name="Link">What the kernel calls the file: where /proc/PID/fd/NUMBER leads.</param>
/// <param name="Status">The file's status.</param>
/// <param name="Info">What /proc/PID/fdinfo/NUMBER tells.</param>
/// <param name="Duplicate">The duplicate here, pidfd_getfd(2): the same open file description.</param>
public sealed record OpenDescriptor(
    ProcDirectory Process, int Number, string Link, FileStatus Status, DescriptorInfo Info, SafeFileHandle Duplicate)
{
    /// <summary>The duplicate's number here.</summary>
    public int Here => (int)Duplicate.DangerousGetHandle();

    /// <summary>Access mode and status flags, F_GETFL. It changes nothing to ask the duplicate: the flags belong to the description.</summary>
    public int StatusFlags => Native.Check("fcntl(F_GETFL)", Interop.fcntl(Here, Interop.F_GETFL), $"descriptor {Number}");
}
