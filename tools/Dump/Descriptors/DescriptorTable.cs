using System.Runtime.InteropServices;
using LazyRestore.Agent;
using LazyRestore.Tools.Dump.Proc;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>
/// The open descriptors of frozen processes, duplicated here. While they are, files stay open that a process may be about to
/// close: dispose it before the processes go on or end.
/// </summary>
public sealed class DescriptorTable : IDisposable
{
    private readonly List<OpenDescriptor> _descriptors = [];

    private DescriptorTable()
    {
    }

    /// <summary>The descriptions behind the descriptors; each has a number from 1 on.</summary>
    public IReadOnlyList<OpenDescription> Descriptions { get; private set; } = [];

    /// <summary>How many descriptors there are.</summary>
    public int Count => _descriptors.Count;

    /// <summary>Duplicates all descriptors and finds out which ones share a description.</summary>
    public static DescriptorTable Open(IEnumerable<ProcDirectory> processes)
    {
        DescriptorTable table = new();
        try
        {
            foreach (ProcDirectory process in processes)
            {
                table.OpenAll(process);
            }

            table.Descriptions = SharedDescriptions.Group(table._descriptors);
            return table;
        }
        catch
        {
            table.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _descriptors.ForEach(descriptor => descriptor.Duplicate.Dispose());

    private void OpenAll(ProcDirectory process)
    {
        using SafeFileHandle pidfd = Take("pidfd_open", Interop.syscall(Interop.SYS_pidfd_open, process.Pid), $"process {process.Pid}");
        foreach (int number in process.Numbers("fd"))
        {
            SafeFileHandle duplicate = Take(
                "pidfd_getfd", Interop.syscall(Interop.SYS_pidfd_getfd, pidfd.DangerousGetHandle(), number), $"descriptor {number}");
            string entry = $"fd/{number}";
            _descriptors.Add(new OpenDescriptor(
                process,
                number,
                process.Link(entry),
                FileStatus.Of(process.PathOf(entry)),
                DescriptorInfo.Parse(process.Text($"fdinfo/{number}")),
                duplicate));
        }
    }

    private static SafeFileHandle Take(string call, long result, string argument) =>
        result >= 0
            ? new SafeFileHandle((nint)result, ownsHandle: true)
            : throw new NativeException(call, Marshal.GetLastPInvokeError(), argument);
}
