using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Memory;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Turns the open descriptors of frozen processes into records.</summary>
internal sealed class DescriptorCollector
{
    private readonly IReadOnlyList<OpenDescription> _all;
    private readonly Refusals _refusals;
    private readonly PathFiles _paths;
    private readonly Terminals _terminals;
    private readonly Pipes _pipes;
    private readonly AnonymousFiles _anonymous;
    private readonly UnixSockets _unix;
    private readonly InetSockets _inet;
    private readonly NetlinkSockets _netlink;
    private readonly NamedPipes _namedPipes;
    private readonly FileLocks _locks;
    private readonly FileOwners _owners;

    /// <summary>Prepares to read the descriptors.</summary>
    /// <param name="root">The first process of the tree.</param>
    /// <param name="processes">The process IDs of the tree.</param>
    /// <param name="table">Its descriptors.</param>
    /// <param name="objects">Where memfds and deleted files are gathered.</param>
    /// <param name="choices">What the user wants of state that leads outside.</param>
    /// <param name="held">Where connections are held that are saved.</param>
    /// <param name="refusals">What cannot be saved is added here.</param>
    public DescriptorCollector(
        ProcDirectory root, IReadOnlySet<int> processes, DescriptorTable table, MemoryObjectTable objects, DumpChoices choices, HeldConnections held,
        Refusals refusals)
    {
        _all = table.Descriptions;
        _refusals = refusals;
        StandardStreams streams = new(choices.InheritStdio, refusals);
        _paths = new PathFiles(objects, refusals);
        _terminals = new Terminals(processes, streams, _all, choices.ShellJob ? new JobOfTerminal(root, refusals) : null, choices.LookOnly, refusals);
        _pipes = new Pipes(streams, _all, choices.LookOnly, refusals);
        _anonymous = new AnonymousFiles(processes, _all, refusals);
        _unix = new UnixSockets(streams, _all, choices.LookOnly, refusals);
        _inet = new InetSockets(new TcpConnections(choices, streams, _all, held, refusals), choices.LookOnly, refusals);
        _netlink = new NetlinkSockets(refusals);
        _namedPipes = new NamedPipes(processes, choices.LookOnly, refusals);
        _locks = new FileLocks(refusals);
        _owners = new FileOwners(processes, refusals);
    }

    /// <summary>The descriptors of a process, the descriptions that it is the first to have, and what belongs to them.</summary>
    public OpenFiles Collect(ProcDirectory process)
    {
        OpenDescription[] first = [.. _all.Where(description => description.First.Process == process)];
        List<OpenFileRecord> files = [.. first.Select(File).OfType<OpenFileRecord>()];
        List<DescriptorRecord> descriptors =
        [
            .. _all.SelectMany(description => description.Descriptors.Where(descriptor => descriptor.Process == process).Select(descriptor => new DescriptorRecord
            {
                Number = descriptor.Number,
                FileId = description.Id,
                CloseOnExec = (descriptor.Info.Flags & Interop.O_CLOEXEC) != 0,
            })),
        ];
        descriptors.Sort((left, right) => left.Number.CompareTo(right.Number));
        return new OpenFiles(
            files,
            descriptors,
            [.. _all.Where(IsOrdinary).SelectMany(description => _locks.Of(description, process))],
            [.. first.Where(IsOrdinary).Select(_owners.Of).OfType<FileOwnerRecord>()]);
    }

    private static bool IsOrdinary(OpenDescription description) => (description.First.StatusFlags & Interop.O_PATH) == 0;

    private OpenFileRecord? File(OpenDescription description)
    {
        OpenDescriptor first = description.First;
        if ((first.StatusFlags & Interop.O_PATH) != 0 && first.Link.StartsWith('/'))
        {
            return _paths.Place(description);
        }

        if (first.Link.StartsWith("anon_inode:") || first.Link.StartsWith("pidfd:"))
        {
            return _anonymous.Record(description);
        }

        switch (first.Status.Type)
        {
            case Interop.S_IFREG or Interop.S_IFDIR when first.Link.StartsWith('/'):
                return _paths.File(description);
            case Interop.S_IFCHR when Terminals.IsTerminal(first.Status.SpecialDevice):
                return _terminals.Record(description);
            case Interop.S_IFCHR:
                return _paths.Device(description);
            case Interop.S_IFIFO when first.Link.StartsWith('/'):
                return _namedPipes.Record(description);
            case Interop.S_IFIFO:
                return _pipes.Record(description);
            case Interop.S_IFSOCK when first.Link.StartsWith("socket:"):
                return Socket(description);
            case Interop.S_IFBLK:
                _refusals.Add(description.Subject, UnsupportedKind.BlockDevice, first.Link);
                return null;
            case Interop.S_IFLNK:
                _refusals.Add(description.Subject, UnsupportedKind.SymbolicLink, first.Link);
                return null;
            default:
                _refusals.Add(description.Subject, UnsupportedKind.AnonymousInode, first.Link);
                return null;
        }
    }

    private OpenFileRecord? Socket(OpenDescription description)
    {
        OpenDescriptor first = description.First;
        int family = SocketQuery.Number(first, Interop.SOL_SOCKET, Interop.SO_DOMAIN);
        int type = SocketQuery.Number(first, Interop.SOL_SOCKET, Interop.SO_TYPE);
        int protocol = SocketQuery.Number(first, Interop.SOL_SOCKET, Interop.SO_PROTOCOL);
        switch (family, type, protocol)
        {
            case (Interop.AF_UNIX, _, _):
                return _unix.Record(description, type);
            case (Interop.AF_NETLINK, _, _):
                return _netlink.Record(description, type, protocol);
            case (Interop.AF_INET or Interop.AF_INET6, Interop.SOCK_STREAM, Interop.IPPROTO_TCP):
            case (Interop.AF_INET or Interop.AF_INET6, Interop.SOCK_DGRAM, Interop.IPPROTO_UDP):
                return _inet.Record(description, family, type, protocol);
            default:
                _refusals.Add(
                    description.Subject, UnsupportedKind.SocketFamily, $"family {family}, type {type}, protocol {protocol}");
                return null;
        }
    }
}
