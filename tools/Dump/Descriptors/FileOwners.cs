using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Who is signalled when an open file becomes ready: a process of the tree, a thread of the first one that has the file, or a process group that one of them leads.</summary>
public sealed unsafe class FileOwners(IReadOnlySet<int> processes, Refusals refusals)
{
    private const int Thread = 0;
    private const int Process = 1;
    private const int Group = 2;

    /// <summary>The owner; null for none, and when it is refused.</summary>
    public FileOwnerRecord? Of(OpenDescription description)
    {
        OpenDescriptor first = description.First;
        Interop.f_owner_ex owner;
        Native.Check("fcntl(F_GETOWN_EX)", Interop.fcntl(first.Here, Interop.F_GETOWN_EX, (nint)(&owner)), description.Subject);
        int signal = Native.Check("fcntl(F_GETSIG)", Interop.fcntl(first.Here, Interop.F_GETSIG), description.Subject);
        if (owner.pid == 0 && signal == 0 && (first.StatusFlags & Interop.O_ASYNC) == 0)
        {
            return null;
        }

        if (owner.pid != 0 && !IsOwn(owner, first.Process))
        {
            refusals.Add(description.Subject, UnsupportedKind.AsyncOwner, $"to {(owner.type == Group ? "process group" : "process")} {owner.pid}");
            return null;
        }

        return new FileOwnerRecord
        {
            FileId = description.Id,
            Kind = owner.type,
            Owner = owner.pid,
            Signal = signal,
        };
    }

    private bool IsOwn(Interop.f_owner_ex owner, ProcDirectory process) => owner.type switch
    {
        Thread => process.Numbers("task").Contains(owner.pid),
        Process => processes.Contains(owner.pid),
        Group => processes.Contains(owner.pid) && StatText.Parse(new ProcDirectory(owner.pid).Text("stat")).ProcessGroup == owner.pid,
        _ => false,
    };
}
