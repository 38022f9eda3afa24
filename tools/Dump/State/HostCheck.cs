using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.State;

/// <summary>Looks, before and after the freeze, for what makes a process as a whole one that cannot be saved.</summary>
public static class HostCheck
{
    // A process in another one of these names other files, other processes or other times than the tool does. A control group
    // namespace only changes how /proc shows paths, which no record holds.
    private static readonly string[] Namespaces = ["pid", "mnt", "net", "ipc", "uts", "user", "time"];

    /// <summary>Checks a process that may still be running.</summary>
    public static void Inspect(ProcDirectory process, Refusals refusals)
    {
        if (!Directory.Exists($"/proc/{process.Pid}"))
        {
            throw new LazyRestoreException(FailureReason.Failed, $"there is no process {process.Pid}", "Check the PID.");
        }

        if (process.Pid == Environment.ProcessId)
        {
            throw new LazyRestoreException(
                FailureReason.Usage, $"process {process.Pid} is lazyrestore itself, which cannot freeze itself", "Give the PID of another process.");
        }

        string subject = $"process {process.Pid}";
        StatusText status = StatusText.Parse(process.Text("status"));
        if (status.ThreadGroup != process.Pid)
        {
            throw new LazyRestoreException(
                FailureReason.Usage, $"{process.Pid} is a thread of process {status.ThreadGroup}", "Give the PID of the process.");
        }

        if (status.KernelThread)
        {
            refusals.Add(subject, UnsupportedKind.KernelThread);
            return;
        }

        if (status.State is 'Z' or 'X')
        {
            bool others = process.Numbers("task").Length > 1;
            refusals.Add(subject, others ? UnsupportedKind.DeadLeader : UnsupportedKind.DyingProcess);
            return;
        }

        InspectNamespaces(process, refusals);
    }

    /// <summary>Checks that the process has no children, which a snapshot cannot hold.</summary>
    public static void InspectChildren(ProcDirectory process, Refusals refusals)
    {
        foreach (int child in process.Children())
        {
            refusals.Add($"process {process.Pid}", UnsupportedKind.SnapshotOfChildren, $"{child} {NameOf(child)}".TrimEnd());
        }
    }

    /// <summary>Checks that the process is in the namespaces of the tool.</summary>
    public static void InspectNamespaces(ProcDirectory process, Refusals refusals)
    {
        string subject = $"process {process.Pid}";
        ProcDirectory self = new(Environment.ProcessId);
        foreach (string name in Namespaces)
        {
            string link = process.Link($"ns/{name}");
            if (link != self.Link($"ns/{name}"))
            {
                refusals.Add(subject, UnsupportedKind.Namespace, link);
            }
        }
    }

    private static string NameOf(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/comm").TrimEnd('\n');
        }
        catch (IOException)
        {
            // It ended between the two looks.
            return "";
        }
    }
}
