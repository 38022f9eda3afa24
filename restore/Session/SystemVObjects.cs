using System.Runtime.InteropServices;
using LazyRestore.Agent;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.SystemV;

namespace LazyRestore.Restore.Session;

/// <summary>
/// The System V objects of a checkpoint. We make them before there are processes and fill the segments; processes attach to those, and do what
/// the kernel notes who has done it: <see cref="Plan.SystemVPlan"/>. Until <see cref="Finish"/> they go with us.
/// </summary>
internal sealed unsafe class SystemVObjects : IDisposable
{
    private const int Destroyed = 0x200; // SHM_DEST
    private const int Locked = 0x400; // SHM_LOCKED
    private const int Lock = 11; // SHM_LOCK
    private const int SetAll = 17; // SETALL
    private readonly List<(SystemVKind Kind, int Id)> _made = [];
    private readonly List<(SystemVSegmentRecord Record, nint Address)> _segments = [];

    private SystemVObjects()
    {
    }

    /// <summary>What would keep the objects from being made.</summary>
    internal static IEnumerable<string> Problems(Checkpoint checkpoint) =>
    [
        .. checkpoint.Segments.Select(segment => SystemVObject.Problem(SystemVKind.Segment, segment.Identity)).OfType<string>(),
        .. checkpoint.Semaphores.Select(set => SystemVObject.Problem(SystemVKind.Semaphores, set.Identity)).OfType<string>(),
        .. checkpoint.Queues.Select(queue => SystemVObject.Problem(SystemVKind.Queue, queue.Identity)).OfType<string>(),
    ];

    /// <summary>Makes them.</summary>
    /// <exception cref="LazyRestoreException">An identifier or a key is taken.</exception>
    internal static SystemVObjects Create(CheckpointImage image)
    {
        SystemVObjects objects = new();
        try
        {
            foreach (SystemVSegmentRecord segment in image.Checkpoint.Segments)
            {
                objects.Make(image, segment);
            }

            foreach (SystemVSemaphoresRecord set in image.Checkpoint.Semaphores)
            {
                objects.Make(set);
            }

            foreach (SystemVQueueRecord queue in image.Checkpoint.Queues)
            {
                objects.Make(SystemVKind.Queue, queue.Identity, (key, flags) => Interop.syscall((long)SystemCall.msgget, key, flags));
                SystemVObject.SetOwner(SystemVKind.Queue, queue.Identity, queue.MostBytes);
            }

            return objects;
        }
        catch
        {
            objects.Dispose();
            throw;
        }
    }

    /// <summary>Leaves the objects to the processes, which are attached by now.</summary>
    internal void Finish()
    {
        foreach ((SystemVSegmentRecord record, _) in _segments)
        {
            if ((record.Identity.Mode & Locked) != 0)
            {
                SystemVObject.Check(SystemVKind.Segment, record.Identity.Id, Lock, 0);
            }

            if ((record.Identity.Mode & Destroyed) != 0)
            {
                SystemVObject.Destroy(SystemVKind.Segment, record.Identity.Id);
            }
        }

        _made.Clear();
        Detach();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Detach();
        _made.ForEach(one => SystemVObject.Destroy(one.Kind, one.Id));
        _made.Clear();
    }

    private void Make(SystemVKind kind, SystemVIdentity identity, Func<int, int, long> create)
    {
        SystemVObject.Create(kind, identity, create);
        _made.Add((kind, identity.Id));
    }

    private void Make(CheckpointImage image, SystemVSegmentRecord segment)
    {
        int id = segment.Identity.Id;
        long size = image.Checkpoint.Objects.First(record => record.Id == segment.ObjectId).Size;
        Make(SystemVKind.Segment, segment.Identity, (key, flags) => Interop.syscall((long)SystemCall.shmget, key, (nint)size, flags));
        nint address = (nint)Interop.syscall((long)SystemCall.shmat, id);
        if (address == -1)
        {
            throw new NativeException("shmat", Marshal.GetLastPInvokeError(), $"{SystemVKind.Segment.Noun} {id}");
        }

        _segments.Add((segment, address));
        ObjectPages.Copy(image, segment.ObjectId, (offset, pages) => pages.CopyTo(new Span<byte>((byte*)address + offset, pages.Length)));
        SystemVObject.SetOwner(SystemVKind.Segment, segment.Identity);
    }

    private void Make(SystemVSemaphoresRecord set)
    {
        Make(SystemVKind.Semaphores, set.Identity, (key, flags) => Interop.syscall((long)SystemCall.semget, key, set.Semaphores.Count, flags));
        ushort[] values = [.. set.Semaphores.Select(semaphore => (ushort)semaphore.Value)];
        fixed (ushort* start = values)
        {
            SystemVObject.Check(SystemVKind.Semaphores, set.Identity.Id, SetAll, (nint)start);
        }

        SystemVObject.SetOwner(SystemVKind.Semaphores, set.Identity);
    }

    private void Detach()
    {
        _segments.ForEach(segment => _ = Interop.syscall((long)SystemCall.shmdt, segment.Address));
        _segments.Clear();
    }
}
