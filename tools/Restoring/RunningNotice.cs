using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Restoring;

/// <summary>
/// Tells the outside that the process runs: a PID file, a byte on a descriptor. What can fail of it fails before there is
/// a process; the PID file appears whole, by a rename.
/// </summary>
internal sealed class RunningNotice : IDisposable
{
    private readonly string? _pidFile;
    private readonly string? _temporaryFile;
    private readonly FileStream? _temporary;
    private readonly FileStream? _status;

    private RunningNotice(string? pidFile, FileStream? status)
    {
        _status = status;
        if (pidFile is not null)
        {
            _pidFile = pidFile;
            _temporaryFile = $"{pidFile}.{Environment.ProcessId}";
            _temporary = Create(_temporaryFile);
        }
    }

    /// <summary>Tells nobody.</summary>
    public static RunningNotice ToNobody() => new(null, null);

    /// <summary>Gets ready to tell what the command line asks for.</summary>
    public static RunningNotice Prepare(RestoreSettings settings) => new(
        settings.PidFile, settings.StatusFd is { } descriptor ? Status(descriptor) : null);

    /// <summary>The process runs.</summary>
    public void Give(int pid)
    {
        if (_temporary is not null)
        {
            _temporary.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{pid}\n")));
            File.Move(_temporaryFile!, _pidFile!, overwrite: true);
        }

        if (_status is not null)
        {
            _status.WriteByte(0);
            _status.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _status?.Dispose();
        if (_temporary is not null)
        {
            _temporary.Dispose();
            File.Delete(_temporaryFile!);
        }
    }

    private static FileStream Create(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new LazyRestoreException(
                FailureReason.Failed, $"the PID file cannot be written: {failure.Message}", "Name another file with --pidfile.", failure);
        }
    }

    private static FileStream Status(int descriptor)
    {
        if (descriptor < 0 || Interop.fcntl(descriptor, Interop.F_GETFL) < 0)
        {
            throw new LazyRestoreException(
                FailureReason.Usage, $"--status-fd {descriptor} is not an open descriptor", "Open it in the shell, as in 3>file.");
        }

        return new FileStream(new SafeFileHandle(descriptor, ownsHandle: true), FileAccess.Write, bufferSize: 0);
    }
}
