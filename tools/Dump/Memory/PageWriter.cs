using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using LazyRestore.ImageFormat;

namespace LazyRestore.Tools.Dump.Memory;

/// <summary>
/// Moves pages from a source into an image: the calling thread reads and encodes, a thread of its own writes, with a few extents
/// on their way between them.
/// </summary>
public sealed class PageWriter : IDisposable
{
    private const int SlotCount = 4;
    private readonly CheckpointWriter _writer;
    private readonly IDumpObserver _observer;
    private readonly long _total;
    private readonly Slot[] _slots = new Slot[SlotCount];
    private readonly BlockingCollection<Slot> _free = [];
    private readonly BlockingCollection<Slot> _full = [];
    private readonly Thread _thread;

    /// <summary>Why the writing thread gave up; set by it, thrown on the caller's.</summary>
    private volatile ExceptionDispatchInfo? _failure;

    /// <summary>Starts the writing thread.</summary>
    /// <param name="writer">The image; until <see cref="Finish"/> it belongs to that thread.</param>
    /// <param name="codec">How pages are compressed.</param>
    /// <param name="observer">Hears of the progress.</param>
    /// <param name="total">How many pages are to come.</param>
    public PageWriter(CheckpointWriter writer, ExtentCodec codec, IDumpObserver observer, long total)
    {
        _writer = writer;
        _observer = observer;
        _total = total;
        for (int i = 0; i < SlotCount; i++)
        {
            _slots[i] = new Slot(codec);
            _free.Add(_slots[i]);
        }

        _thread = new Thread(WriteAll) { Name = "image writer", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Pages that were stored.</summary>
    public long Stored { get; private set; }

    /// <summary>Reads an extent and hands it on to be written.</summary>
    public void Write(PageSource source, in ExtentPages extent, CancellationToken cancellation)
    {
        Slot slot = _free.Take(cancellation);
        _failure?.Throw();
        slot.Fill(source, extent);
        Stored += slot.Kept;
        _full.Add(slot, CancellationToken.None);
    }

    /// <summary>Waits until everything is written.</summary>
    public void Finish()
    {
        Stop();
        _failure?.Throw();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        foreach (Slot slot in _slots)
        {
            slot.Dispose();
        }

        _free.Dispose();
        _full.Dispose();
    }

    private void Stop()
    {
        if (!_full.IsAddingCompleted)
        {
            _full.CompleteAdding();
            _thread.Join();
        }
    }

    private void WriteAll()
    {
        long done = 0;
        foreach (Slot slot in _full.GetConsumingEnumerable())
        {
            // After a failure slots still go round, so that the reading side comes to see it.
            if (_failure is null)
            {
                try
                {
                    slot.WriteTo(_writer);
                    done += slot.Dealt;
                    _observer.PagesWritten(done, _total);
                }
                catch (Exception exception)
                {
                    _failure = ExceptionDispatchInfo.Capture(exception);
                }
            }

            _free.Add(slot);
        }
    }

    /// <summary>One extent on its way; used by one thread at a time.</summary>
    private sealed class Slot(ExtentCodec codec) : IDisposable
    {
        private readonly ExtentEncoder _encoder = new(codec);

        // Pinned, because the kernel copies into it; a little longer, so that the pages can begin at a page border.
        private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(ImageLayout.ExtentSpan + PageRange.PageSize, pinned: true);
        private EncodedExtent? _extent;

        public int Kept { get; private set; }

        public int Dealt { get; private set; }

        public unsafe void Fill(PageSource source, in ExtentPages extent)
        {
            nint start = System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_buffer, 0);
            int skipped = (int)(-start & (PageRange.PageSize - 1));
            Dealt = extent.Present.Count;
            Memory<byte> pages = _buffer.AsMemory(skipped, Dealt * PageRange.PageSize);
            source.Read(extent.Address.Address, extent.Present, pages.Span);
            PagePresence kept = ZeroPages.Compact(extent, pages.Span);
            Kept = kept.Count;
            _extent = Kept > 0 ? _encoder.Encode(extent.Address, kept, pages[..(Kept * PageRange.PageSize)]) : null;
        }

        public void WriteTo(CheckpointWriter writer)
        {
            if (_extent is not null)
            {
                writer.Write(_extent);
            }
        }

        public void Dispose() => _encoder.Dispose();
    }
}
