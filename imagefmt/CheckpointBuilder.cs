using LazyRestore.ImageFormat.Formatters;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat;

/// <summary>Gathers records in the order of an image and checks that they make sense together.</summary>
internal sealed class CheckpointBuilder
{
    /// <summary>The processes; the last one is that which records of a process belong to.</summary>
    private readonly List<ProcessSection> _sections = [new()];
    private readonly List<ZombieRecord> _zombies = [];
    private readonly List<MappedFileRecord> _mappedFiles = [];
    private readonly List<MemoryObjectRecord> _objects = [];
    private readonly List<OpenFileRecord> _files = [];
    private readonly List<SystemVSegmentRecord> _segments = [];
    private readonly List<SystemVSemaphoresRecord> _semaphores = [];
    private readonly List<SystemVQueueRecord> _queues = [];

    /// <summary>What has been named so far, for references and duplicates.</summary>
    private readonly HashSet<int> _tids = [];
    private readonly HashSet<int> _mappedFileIds = [];
    private readonly HashSet<int> _objectIds = [];
    private readonly HashSet<int> _fileIds = [];
    private readonly HashSet<int> _terminals = [];

    /// <summary>Where records that refer to others stand: what they refer to may come later, so they are checked at the end.</summary>
    private readonly List<(CheckpointRecord Record, long Offset)> _references = [];

    private HeaderRecord? _header;

    private ProcessSection Current => _sections[^1];

    /// <summary>Adds the next record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="offset">Where it begins, for errors.</param>
    public void Add(CheckpointRecord record, long offset)
    {
        Require(_header is not null || record is HeaderRecord, record, offset, "no header stands before it");
        Require(_header is null || _header.Version >= ImageVersion.Of(record), record, offset, "version 1 has no such record");
        switch (record)
        {
            case HeaderRecord header:
                Require(_header is null, record, offset, "there is one already");
                _header = header;
                break;
            case ProcessRecord process:
                BeginProcess(process, offset);
                break;
            case MemoryLayoutRecord layout:
                Require(Current.Layout is null, record, offset, "there is one already");
                Current.Layout = layout;
                break;
            case ThreadRecord thread:
                AddThread(thread, offset);
                break;
            case VmaRecord vma:
                AddVma(vma, offset);
                break;
            case MappedFileRecord file:
                Require(_mappedFileIds.Add(file.Id), record, offset, $"the id {file.Id} stands twice");
                _mappedFiles.Add(file);
                break;
            case MemoryObjectRecord memory:
                Require(_objectIds.Add(memory.Id), record, offset, $"the id {memory.Id} stands twice");
                _objects.Add(memory);
                break;
            case OpenFileRecord file:
                Require(_fileIds.Add(file.Id), record, offset, $"the id {file.Id} stands twice");
                if (file is TerminalMasterRecord terminal)
                {
                    Require(_terminals.Add(terminal.Index), record, offset, $"the terminal {terminal.Index} stands twice");
                }

                _files.Add(file);
                _references.Add((file, offset));
                break;
            case DescriptorRecord descriptor:
                Require(
                    Current.Descriptors.Count == 0 || descriptor.Number > Current.Descriptors[^1].Number,
                    record, offset, $"descriptor {descriptor.Number} is not in ascending order");
                Current.Descriptors.Add(descriptor);
                _references.Add((descriptor, offset));
                break;
            case FileLockRecord held:
                Current.Locks.Add(held);
                _references.Add((held, offset));
                break;
            case FileOwnerRecord owner:
                Current.Owners.Add(owner);
                _references.Add((owner, offset));
                break;
            case SystemVSegmentRecord segment:
                _segments.Add(segment);
                _references.Add((segment, offset));
                break;
            case SystemVSemaphoresRecord set:
                _semaphores.Add(set);
                break;
            case SystemVQueueRecord queue:
                _queues.Add(queue);
                break;
            case ZombieRecord zombie:
                Require(_tids.Add(zombie.Pid), record, offset, $"the process {zombie.Pid} stands twice");
                _zombies.Add(zombie);
                _references.Add((zombie, offset));
                break;
        }
    }

    /// <summary>Checks what refers to what, and gives the whole.</summary>
    /// <param name="end">Where the records end, for errors about what is missing.</param>
    public Checkpoint Build(long end)
    {
        foreach ((CheckpointRecord record, long offset) in _references)
        {
            CheckReferences(record, offset);
        }

        HeaderRecord header = _header ?? throw new ImageDamagedException("header", end, "it is missing");
        CheckProcesses();
        Checkpoint first = Build(_sections[0], header, end);
        return first with
        {
            Descendants = [.. _sections.Skip(1).Select(section => Build(section, header, end))],
            Zombies = _zombies,
        };
    }

    private Checkpoint Build(ProcessSection section, HeaderRecord header, long end)
    {
        ProcessRecord process = section.Process ?? throw new ImageDamagedException("process", end, "it is missing");
        if (section.Threads.Count == 0 || section.Threads[0].Tid != process.Pid)
        {
            throw new ImageDamagedException("thread", end, $"the first thread is not the group leader {process.Pid}");
        }

        return new Checkpoint
        {
            Header = header,
            Process = process,
            Layout = section.Layout ?? throw new ImageDamagedException("layout", end, "it is missing"),
            Threads = section.Threads,
            Vmas = section.Vmas,
            MappedFiles = _mappedFiles,
            Objects = _objects,
            Files = _files,
            Descriptors = section.Descriptors,
            Locks = section.Locks,
            Owners = section.Owners,
            Segments = _segments,
            Semaphores = _semaphores,
            Queues = _queues,
        };
    }

    // The first record of a further process ends the records of the one before.
    private void BeginProcess(ProcessRecord process, long offset)
    {
        if (Current.Process is not null)
        {
            Require(_header!.Version > ImageLayout.SingleProcessVersion, process, offset, "there is one already");
            _sections.Add(new ProcessSection());
        }

        Require(_sections.Count > 1 == (process.Space != 0), process, offset, $"{process.Space} is not a space for it");
        Current.Process = process;
        Current.Offset = offset;
    }

    private void CheckProcesses()
    {
        HashSet<int> spaces = [.. _objectIds];
        HashSet<int> parents = [];
        foreach (ProcessSection section in _sections)
        {
            if (section.Process is { } process)
            {
                Require(spaces.Add(process.Space), process, section.Offset, $"the space {process.Space} stands twice");
                bool follows = parents.Count == 0 || parents.Contains(process.ParentPid);
                Require(follows, process, section.Offset, $"its parent {process.ParentPid} does not stand before it");
                parents.Add(process.Pid);
            }
        }
    }

    private void AddThread(ThreadRecord thread, long offset)
    {
        Require(_tids.Add(thread.Tid), thread, offset, $"the thread {thread.Tid} stands twice");
        Current.Threads.Add(thread);
    }

    private void AddVma(VmaRecord vma, long offset)
    {
        bool aligned = (vma.Start | vma.End | vma.Offset) % ImageLayout.PageSize == 0;
        Require(aligned && vma.Start < vma.End, vma, offset, $"{vma.Start:x}-{vma.End:x} is no range of pages");
        bool ascending = Current.Vmas.Count == 0 || vma.Start >= Current.Vmas[^1].End;
        Require(ascending, vma, offset, $"{vma.Start:x}-{vma.End:x} does not follow the one before");
        bool fits = vma.Offset <= ulong.MaxValue - vma.Length;
        Require(fits, vma, offset, $"its range of the file at {vma.Offset:x} wraps around");
        Current.Vmas.Add(vma);
        _references.Add((vma, offset));
    }

    private void CheckReferences(CheckpointRecord record, long offset)
    {
        (string what, int id, HashSet<int>? ids) = record switch
        {
            VmaRecord { Kind: VmaKind.PrivateFile or VmaKind.SharedFile } vma => ("mapped file", vma.BackingId, _mappedFileIds),
            VmaRecord { Kind: VmaKind.Object or VmaKind.PrivateObject } vma => ("object", vma.BackingId, _objectIds),
            SystemVSegmentRecord segment => ("object", segment.ObjectId, _objectIds),
            ObjectFileRecord file => ("object", file.ObjectId, _objectIds),
            DescriptorRecord descriptor => ("file", descriptor.FileId, _fileIds),
            TerminalRecord { HungUp: false } terminal => ("terminal", terminal.Index, _terminals),
            FileLockRecord held => ("file", held.FileId, _fileIds),
            FileOwnerRecord owner => ("file", owner.FileId, _fileIds),
            _ => ("", 0, null),
        };
        Require(ids is null || ids.Contains(id), record, offset, $"it refers to {what} {id}, which is not there");
        if (record is ZombieRecord zombie)
        {
            bool there = _sections.Exists(section => section.Process?.Pid == zombie.ParentPid);
            Require(there, record, offset, $"its parent {zombie.ParentPid} is not there");
        }

        if (record is EpollRecord epoll)
        {
            foreach (EpollInterest interest in epoll.Interests)
            {
                bool there = _fileIds.Contains(interest.FileId);
                Require(there, record, offset, $"it refers to file {interest.FileId}, which is not there");
            }
        }
    }

    private static void Require(bool condition, CheckpointRecord record, long offset, string problem)
    {
        if (!condition)
        {
            throw new ImageDamagedException(RecordFormat.KindOf(record), offset, problem);
        }
    }
}
