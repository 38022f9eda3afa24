using System.Globalization;
using System.Text;

namespace LazyRestore.Tools.Dump.Proc;

/// <summary>The files of one process under /proc.</summary>
/// <param name="pid">The process ID.</param>
public sealed class ProcDirectory(int pid)
{
    /// <summary>The process ID.</summary>
    public int Pid { get; } = pid;

    /// <summary>The path of an entry.</summary>
    public string PathOf(string entry) => $"/proc/{Pid}/{entry}";

    /// <summary>The text of an entry. Names in it may hold any byte; those that are no UTF-8 are replaced.</summary>
    public string Text(string entry) => Encoding.UTF8.GetString(Bytes(entry));

    /// <summary>The bytes of an entry.</summary>
    /// <exception cref="LazyRestoreException">The process has ended, or may not be looked into.</exception>
    public byte[] Bytes(string entry)
    {
        try
        {
            return File.ReadAllBytes(PathOf(entry));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Failed(entry, exception);
        }
    }

    /// <summary>Where a symbolic link leads; the kernel's own names such as <c>pipe:[123]</c> come as they are.</summary>
    public string Link(string entry)
    {
        try
        {
            return new FileInfo(PathOf(entry)).LinkTarget
                ?? throw new LazyRestoreException(FailureReason.Failed, $"{PathOf(entry)} is no link");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Failed(entry, exception);
        }
    }

    /// <summary>The entries of a directory whose names are numbers, in ascending order: threads, descriptors.</summary>
    public int[] Numbers(string entry)
    {
        try
        {
            int[] numbers = [.. new DirectoryInfo(PathOf(entry)).EnumerateFileSystemInfos()
                .Select(info => int.Parse(info.Name, CultureInfo.InvariantCulture))];
            Array.Sort(numbers);
            return numbers;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Failed(entry, exception);
        }
    }

    /// <summary>The children of all threads, zombies too.</summary>
    public IEnumerable<int> Children() => Numbers("task")
        .SelectMany(tid => Text($"task/{tid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Select(child => int.Parse(child, CultureInfo.InvariantCulture));

    private LazyRestoreException Failed(string entry, Exception exception) => exception is UnauthorizedAccessException
        ? new LazyRestoreException(
            FailureReason.Unsupported, $"{PathOf(entry)}: permission denied", "Run as root, or with CAP_SYS_PTRACE.", exception)
        : new LazyRestoreException(FailureReason.Failed, $"process {Pid}: {PathOf(entry)}: {exception.Message}", null, exception);
}
