using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Restore.Plan;

/// <summary>
/// Plans in which order the processes of a tree come into being, so that each has its parent, its session and its process group: a session is
/// entered only by being forked in it. The first process is there already. What it does not lead itself, session or group, is the restorer's.
/// </summary>
internal sealed class TreePlan
{
    /// <summary>The session or group of the restorer.</summary>
    internal const int Outside = 0;

    private readonly Dictionary<int, Member> _members = [];
    private readonly Member _root;
    private readonly Dictionary<int, TerminalMasterRecord> _terminals;
    private readonly List<TreeStep> _steps = [];
    private readonly List<TreeStep> _leaving = [];

    /// <summary>The session that each process is in at the moment.</summary>
    private readonly Dictionary<int, int> _sessions = [];

    private TreePlan(Checkpoint checkpoint)
    {
        ProcessRecord first = checkpoint.Process;
        (int session, int group) = (first.Session, first.ProcessGroup);
        foreach (ProcessRecord process in checkpoint.Processes.Select(one => one.Process))
        {
            Add(new Member(process.Pid, process.ParentPid, process.Session, process.ProcessGroup) { Terminal = process.PseudoTerminal });
        }

        foreach (ZombieRecord zombie in checkpoint.Zombies)
        {
            Add(new Member(zombie.Pid, zombie.ParentPid, zombie.Session, zombie.ProcessGroup) { Status = zombie.Status });
        }

        _terminals = checkpoint.Files.OfType<TerminalMasterRecord>().ToDictionary(master => master.Index);
        _root = _members[first.Pid];
        _sessions.Add(first.Pid, Outside);

        void Add(Member member) => _members.Add(member.Pid, member with
        {
            Session = member.Session == session && session != first.Pid ? Outside : member.Session,
            Group = member.Group == group && group != first.Pid ? Outside : member.Group,
        });
    }

    /// <summary>Plans the tree of a checkpoint.</summary>
    /// <exception cref="LazyRestoreException">There is no way to make it.</exception>
    internal static IReadOnlyList<TreeStep> Build(Checkpoint checkpoint)
    {
        var plan = new TreePlan(checkpoint);
        plan.Expand(plan._root);
        plan.JoinGroups();
        return
        [
            .. plan._steps,
            .. plan.Terminals(),
            .. plan._leaving,
            .. plan._members.Values.Where(member => member.Status is not null).Select(zombie => new EndStep(zombie.Pid, zombie.Parent, zombie.Status!.Value)),
        ];
    }

    private IEnumerable<Member> ChildrenOf(Member member) => _members.Values.Where(other => other.Parent == member.Pid && other != _root);

    private bool Exists(int pid) => _sessions.ContainsKey(pid);

    // Children that were forked before their parent began its session come first.
    private void Expand(Member member)
    {
        Member[] children = [.. ChildrenOf(member)];
        if (member.LeadsSession)
        {
            Fork(member, children.Where(child => !child.LeadsSession && child.Session == _sessions[member.Pid]));
            Begin(member);
        }

        Fork(member, children.Where(child => !Exists(child.Pid) && (child.LeadsSession || child.Session == _sessions[member.Pid])));
        foreach (Member child in children.Where(child => Exists(child.Pid)))
        {
            Expand(child);
        }

        Adopt(member, [.. children.Where(child => !Exists(child.Pid))]);
    }

    private void Fork(Member parent, IEnumerable<Member> children)
    {
        foreach (Member child in children.ToArray())
        {
            Fork(parent.Pid, child.Pid, isStandIn: false);
        }
    }

    private void Fork(int parent, int child, bool isStandIn)
    {
        _steps.Add(new ForkStep(parent, child, isStandIn));
        _sessions.Add(child, _sessions[parent]);
    }

    private void Begin(Member member)
    {
        _steps.Add(new SessionStep(member.Pid));
        _sessions[member.Pid] = member.Pid;
        if (TerminalOf(member) is { } terminal)
        {
            // Those who are forked from here on have it too.
            _steps.Add(new TerminalStep(member.Pid, terminal.Index));
        }
    }

    // Terminals that belong to none of the tree are left alone.
    private TerminalMasterRecord? TerminalOf(Member member) => member.Terminal is { } index ? _terminals.GetValueOrDefault(index) : null;

    // A group of which nobody is left cannot be in the foreground again: the leader's own stays there then.
    private IEnumerable<TreeStep> Terminals()
    {
        foreach (Member leader in _members.Values.Where(member => member.LeadsSession))
        {
            if (TerminalOf(leader) is not { } terminal)
            {
                continue;
            }

            Member[] others = [.. _members.Values.Where(member => member.Session == leader.Pid && member != leader)];
            foreach (Member other in others.Where(other => other.Terminal != terminal.Index && other.Status is null))
            {
                yield return new NoTerminalStep(other.Pid, terminal.Index);
            }

            if (terminal.ForegroundGroup != leader.Pid && others.Any(other => other.Group == terminal.ForegroundGroup))
            {
                yield return new ForegroundStep(leader.Pid, terminal.Index, terminal.ForegroundGroup);
            }
        }
    }

    // Orphans, whose first parent was in another session than the one that has adopted them. A stand-in for that parent forks them and
    // leaves; until then the adopter has to be the nearest one.
    private void Adopt(Member adopter, IReadOnlyList<Member> orphans)
    {
        if (orphans.Count == 0)
        {
            return;
        }

        _steps.Add(new ReaperStep(adopter.Pid, IsReaper: true));
        foreach (IGrouping<int, Member> session in orphans.GroupBy(orphan => orphan.Session))
        {
            int standIn = session.Key;
            int parent = adopter.Pid;
            if (Exists(session.Key))
            {
                standIn = NewStandIn();
                parent = session.Key;
            }

            if (!IsBelow(parent, adopter.Pid))
            {
                throw CannotBeMade(session.First());
            }

            Fork(parent, standIn, isStandIn: true);
            if (standIn == session.Key)
            {
                _steps.Add(new SessionStep(standIn));
                _sessions[standIn] = standIn;
            }

            foreach (Member orphan in session)
            {
                Fork(standIn, orphan.Pid, isStandIn: false);
                Expand(orphan);
            }

            _leaving.Add(new LeaveStep(standIn, parent));
        }

        _leaving.Add(new ReaperStep(adopter.Pid, IsReaper: false));
    }

    // Stand-ins for processes of which nothing is known have numbers that no process has.
    private int NewStandIn() => Math.Min(0, _sessions.Keys.Min()) - 1;

    private bool IsBelow(int pid, int ancestor) =>
        pid == ancestor || (_members.TryGetValue(pid, out Member? member) && member != _root && IsBelow(member.Parent, ancestor));

    // All groups begin before anyone joins one. Who began a group and left it for another one joins that last. Where the one that began it is
    // gone, a stand-in does and leaves when the others are in it.
    private void JoinGroups()
    {
        HashSet<int> groups = [.. _members.Values.Where(NeedsToJoin).Select(member => member.Group)];
        Member[] joining = [.. _members.Values.Where(member => member.Group != member.Pid && (NeedsToJoin(member) || groups.Contains(member.Pid)))];
        HashSet<int> begun = [];
        List<LeaveStep> standIns = [];
        foreach (Member leader in _members.Values.Where(member => member.Group == member.Pid && !member.LeadsSession))
        {
            Begin(leader.Pid);
        }

        foreach (Member member in joining.Where(member => NeedsToJoin(member) && !begun.Contains(member.Group)))
        {
            if (!Exists(member.Group))
            {
                Fork(member.Pid, member.Group, isStandIn: true);
                standIns.Add(new LeaveStep(member.Group, member.Pid));
            }

            Begin(member.Group);
        }

        _steps.AddRange(joining.OrderBy(member => begun.Contains(member.Pid)).Select(member => new GroupStep(member.Pid, member.Group)));
        _steps.AddRange(standIns);

        void Begin(int group)
        {
            _ = begun.Add(group);
            _steps.Add(new GroupStep(group, group));
        }
    }

    // What a process is forked in it need not join; that is so for the group of a session's leader and for the restorer's.
    private static bool NeedsToJoin(Member member) => member.Group != Outside && member.Group != member.Session;

    private static LazyRestoreException CannotBeMade(Member member) => new(
        FailureReason.Unsupported, $"process {member.Pid} cannot be made again: it is in session {member.Session}, and no process leads from there to its parent {member.Parent}");

    private sealed record Member(int Pid, int Parent, int Session, int Group)
    {
        internal int? Status { get; init; }

        internal int? Terminal { get; init; }

        internal bool LeadsSession => Session == Pid;
    }
}
