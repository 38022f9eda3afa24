using LazyRestore.ImageFormat.Formatters;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat;

/// <summary>Gathers records in the order of an image and checks that they make sense together.</summary>
internal sealed class CheckpointBuilder
{
    private readonly List<ThreadRecord> _threads = [];
    private readonly List<VmaRecord> _vmas = [];
    private readonly List<MappedFileRecord> _mappedFiles = [];
    private readonly List<MemoryObjectRecord> _objects = [];
    private readonly List<OpenFileRecord> _files = [];
    private readonly List<DescriptorRecord> _descriptors = [];
    private readonly List<FileLockRecord> _locks = [];
    private readonly List<FileOwnerRecord> _owners = [];

    /// <summary>What has been named so far, for references and duplicates.</summary>
    private readonly HashSet<int> _tids = [];
    private readonly HashSet<int> _mappedFileIds = [];
    private readonly HashSet<int> _objectIds = [];
    private readonly HashSet<int> _fileIds = [];

    /// <summary>Where records that refer to others stand: what they refer to may come later, so they are checked at the end.</summary>
    private readonly List<(CheckpointRecord Record, long Offset)> _references = [];

    private HeaderRecord? _header;
    private ProcessRecord? _process;
    private MemoryLayoutRecord? _layout;

    /// <summary>Adds the next record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="offset">Where it begins, for errors.</param>
    public void Add(CheckpointRecord record, long offset)
    {
        Require(_header is not null || record is HeaderRecord, record, offset, "no header stands before it");
        switch (record)
        {
            case HeaderRecord header:
                Require(_header is null, record, offset, "there is one already");
                _header = header;
                break;
            case ProcessRecord process:
                Require(_process is null, record, offset, "there is one already");
                _process = process;
                break;
            case MemoryLayoutRecord layout:
                Require(_layout is null, record, offset, "there is one already");
                _layout = layout;
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
                _files.Add(file);
                _references.Add((file, offset));
                break;
            case DescriptorRecord descriptor:
                Require(
                    _descriptors.Count == 0 || descriptor.Number > _descriptors[^1].Number,
                    record, offset, $"descriptor {descriptor.Number} is not in ascending order");
                _descriptors.Add(descriptor);
                _references.Add((descriptor, offset));
                break;
            case FileLockRecord held:
                _locks.Add(held);
                _references.Add((held, offset));
                break;
            case FileOwnerRecord owner:
                _owners.Add(owner);
                _references.Add((owner, offset));
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
        ProcessRecord process = _process ?? throw new ImageDamagedException("process", end, "it is missing");
        if (_threads.Count == 0 || _threads[0].Tid != process.Pid)
        {
            throw new ImageDamagedException("thread", end, $"the first thread is not the group leader {process.Pid}");
        }

        return new Checkpoint
        {
            Header = header,
            Process = process,
            Layout = _layout ?? throw new ImageDamagedException("layout", end, "it is missing"),
            Threads = _threads,
            Vmas = _vmas,
            MappedFiles = _mappedFiles,
            Objects = _objects,
            Files = _files,
            Descriptors = _descriptors,
            Locks = _locks,
            Owners = _owners,
        };
    }

    private void AddThread(ThreadRecord thread, long offset)
    {
        Require(_tids.Add(thread.Tid), thread, offset, $"the thread {thread.Tid} stands twice");
        _threads.Add(thread);
    }

    private void AddVma(VmaRecord vma, long offset)
    {
        bool aligned = (vma.Start | vma.End | vma.Offset) % ImageLayout.PageSize == 0;
        Require(aligned && vma.Start < vma.End, vma, offset, $"{vma.Start:x}-{vma.End:x} is no range of pages");
        bool ascending = _vmas.Count == 0 || vma.Start >= _vmas[^1].End;
        Require(ascending, vma, offset, $"{vma.Start:x}-{vma.End:x} does not follow the one before");
        bool fits = vma.Offset <= ulong.MaxValue - vma.Length;
        Require(fits, vma, offset, $"its range of the file at {vma.Offset:x} wraps around");
        _vmas.Add(vma);
        _references.Add((vma, offset));
    }

    private void CheckReferences(CheckpointRecord record, long offset)
    {
        (string what, int id, HashSet<int>? ids) = record switch
        {
            VmaRecord { Kind: VmaKind.PrivateFile or VmaKind.SharedFile } vma => ("mapped file", vma.BackingId, _mappedFileIds),
            VmaRecord { Kind: VmaKind.Object or VmaKind.PrivateObject } vma => ("object", vma.BackingId, _objectIds),
            ObjectFileRecord file => ("object", file.ObjectId, _objectIds),
            DescriptorRecord descriptor => ("file", descriptor.FileId, _fileIds),
            FileLockRecord held => ("file", held.FileId, _fileIds),
            FileOwnerRecord owner => ("file", owner.FileId, _fileIds),
            _ => ("", 0, null),
        };
        Require(ids is null || ids.Contains(id), record, offset, $"it refers to {what} {id}, which is not there");
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
