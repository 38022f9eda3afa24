using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Tools.Dump.Proc;

/// <summary>What /proc/PID/status and /proc/PID/task/TID/status tell, proc_pid_status(5).</summary>
public sealed record StatusText
{
    /// <summary>The state's letter, such as <c>S</c> or <c>Z</c>.</summary>
    public required char State { get; init; }

    /// <summary>The process (thread group) it belongs to.</summary>
    public required int ThreadGroup { get; init; }

    /// <summary>Who traces it; 0 for nobody.</summary>
    public required int Tracer { get; init; }

    /// <summary>The file mode creation mask.</summary>
    public required int Umask { get; init; }

    /// <summary>0 for none, 1 strict, 2 filter.</summary>
    public required int SeccompMode { get; init; }

    /// <summary>Whether it is a thread of the kernel.</summary>
    public required bool KernelThread { get; init; }

    /// <summary>Whether it runs with a shadow stack.</summary>
    public required bool ShadowStack { get; init; }

    /// <summary>User and group IDs and capabilities; the secure bits are not told here and are 0.</summary>
    public required Credentials Credentials { get; init; }

    /// <summary>Reads the text.</summary>
    public static StatusText Parse(string text)
    {
        KeyedText status = KeyedText.Parse(text);
        return new StatusText
        {
            State = status.Text("State")[0],
            ThreadGroup = (int)status.Number("Tgid"),
            Tracer = (int)status.Number("TracerPid"),
            // A thread that is ending has no file system state any more.
            Umask = status.Find("Umask") is null ? 0 : status.Octal("Umask"),
            SeccompMode = status.Find("Seccomp") is null ? 0 : (int)status.Number("Seccomp"),
            KernelThread = status.Find("Kthread") == "1",
            ShadowStack = status.Find("x86_Thread_features")?.Contains("shstk") is true,
            Credentials = new Credentials
            {
                UserIds = status.Numbers("Uid"),
                GroupIds = status.Numbers("Gid"),
                Groups = status.Numbers("Groups"),
                Inheritable = status.Hex("CapInh"),
                Permitted = status.Hex("CapPrm"),
                Effective = status.Hex("CapEff"),
                Bounding = status.Hex("CapBnd"),
                Ambient = status.Hex("CapAmb"),
                SecureBits = 0,
                NoNewPrivileges = status.Number("NoNewPrivs") != 0,
            },
        };
    }
}
