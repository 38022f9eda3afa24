using System.Runtime.InteropServices;

namespace LazyRestore.Agent;

/// <summary>A system call failed: which one, with what, and the errno it gave.</summary>
public sealed class NativeException : LazyRestoreException
{
    /// <summary>Creates the error of a failed call.</summary>
    /// <param name="call">The system call, such as <c>mmap</c> or <c>ioctl(UFFDIO_COPY)</c>.</param>
    /// <param name="errno">The positive error number.</param>
    /// <param name="argument">The path, address or PID that the call was about.</param>
    /// <param name="remedy">What the user can do about it, when known.</param>
    public NativeException(string call, int errno, string argument, string? remedy = null)
        : base(ReasonOf(errno), $"{call} {argument}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})", remedy)
    {
        Call = call;
        Errno = errno;
    }

    /// <summary>The system call that failed.</summary>
    public string Call { get; }

    /// <summary>The error number it gave.</summary>
    public int Errno { get; }

    // A call that the kernel lacks is a missing feature, not a failure.
    private static FailureReason ReasonOf(int errno) => errno is 38 ? FailureReason.Unsupported : FailureReason.Failed;
}
