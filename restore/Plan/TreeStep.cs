namespace LazyRestore.Restore.Plan;

/// <summary>A step in making the processes of a tree, empty as they are at first. Process IDs are those of the image.</summary>
/// <param name="Pid">The process that makes it.</param>
internal abstract record TreeStep(int Pid);

/// <summary>Creates a child.</summary>
/// <param name="Pid">The parent.</param>
/// <param name="Child">The child.</param>
/// <param name="IsStandIn">Whether the child only stands for a process that is no more, and ends without a signal to the parent.</param>
internal sealed record ForkStep(int Pid, int Child, bool IsStandIn = false) : TreeStep(Pid);

/// <summary>Begins a session, setsid(2).</summary>
internal sealed record SessionStep(int Pid) : TreeStep(Pid);

/// <summary>Enters a process group, setpgid(2): its own when that has its ID.</summary>
/// <param name="Pid">The process.</param>
/// <param name="Group">The group; <see cref="TreePlan.Outside"/> for that of the restorer.</param>
internal sealed record GroupStep(int Pid, int Group) : TreeStep(Pid);

/// <summary>Ends, as a process did whose parent has not waited for it.</summary>
/// <param name="Pid">The process.</param>
/// <param name="Parent">Its parent, which is not to hear of it: it has heard already.</param>
/// <param name="Status">How, as wait(2) tells.</param>
internal sealed record EndStep(int Pid, int Parent, int Status) : TreeStep(Pid);

/// <summary>Adopts the orphans among its descendants from here on, or no longer (PR_SET_CHILD_SUBREAPER).</summary>
/// <param name="Pid">The process.</param>
/// <param name="IsReaper">Whether it does.</param>
internal sealed record ReaperStep(int Pid, bool IsReaper) : TreeStep(Pid);

/// <summary>Takes away a stand-in; its children become those of the nearest ancestor that adopts orphans.</summary>
/// <param name="Pid">The stand-in.</param>
/// <param name="Parent">Its parent, which waits for it.</param>
internal sealed record LeaveStep(int Pid, int Parent) : TreeStep(Pid);

/// <summary>Takes a pseudo terminal as the controlling terminal of the session that the process leads (TIOCSCTTY).</summary>
/// <param name="Pid">The leader.</param>
/// <param name="Index">The terminal's number.</param>
internal sealed record TerminalStep(int Pid, int Index) : TreeStep(Pid);

/// <summary>Gives up the controlling terminal that it was forked with (TIOCNOTTY).</summary>
/// <param name="Pid">The process, which leads no session.</param>
/// <param name="Index">The terminal's number.</param>
internal sealed record NoTerminalStep(int Pid, int Index) : TreeStep(Pid);

/// <summary>Brings a process group to the foreground of the session's terminal, tcsetpgrp(3).</summary>
/// <param name="Pid">The session's leader.</param>
/// <param name="Index">The terminal's number.</param>
/// <param name="Group">The group.</param>
internal sealed record ForegroundStep(int Pid, int Index, int Group) : TreeStep(Pid);
