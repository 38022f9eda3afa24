using System.Runtime.InteropServices;
using LazyRestore.Agent;
using LazyRestore.ImageFormat;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Dump.Memory;

/// <summary>Reads the content of shared memory, a memfd or a deleted file.</summary>
/// <param name="path">A path under /proc that opens it.</param>
/// <param name="size">Its size in bytes.</param>
public sealed class ObjectPages(string path, long size) : PageSource
{
    private readonly SafeFileHandle _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>The parts that are no holes, in whole pages.</summary>
    public List<PageRange> FindData()
    {
        List<PageRange> ranges = [];
        for (long at = 0; at < size;)
        {
            long data = Seek(at, Interop.SEEK_DATA);
            if (data < 0 || data >= size)
            {
                break;
            }

            long hole = Math.Min(Seek(data, Interop.SEEK_HOLE), size);
            ulong start = (ulong)data & ~(ulong)(PageRange.PageSize - 1);
            ulong end = ((ulong)hole + PageRange.PageSize - 1) & ~(ulong)(PageRange.PageSize - 1);
            if (ranges.Count > 0 && ranges[^1].End >= start)
            {
                ranges[^1] = ranges[^1] with { End = end };
            }
            else
            {
                ranges.Add(new PageRange(start, end, KeepZero: false));
            }

            at = hole;
        }

        return ranges;
    }

    /// <inheritdoc/>
    public override void Read(ulong address, in PagePresence pages, Span<byte> destination)
    {
        foreach (PageRun run in pages.Runs())
        {
            Span<byte> rest = destination[..(run.Count * PageRange.PageSize)];
            destination = destination[rest.Length..];
            long offset = (long)address + ((long)run.Start * PageRange.PageSize);
            while (!rest.IsEmpty)
            {
                int read = RandomAccess.Read(_file, rest, offset);
                if (read == 0)
                {
                    // The last page of a file whose size is no multiple of the page size.
                    rest.Clear();
                    break;
                }

                rest = rest[read..];
                offset += read;
            }
        }
    }

    /// <inheritdoc/>
    public override void Dispose() => _file.Dispose();

    // -1 when there is no data left.
    private long Seek(long offset, int whence)
    {
        long found = Interop.lseek((int)_file.DangerousGetHandle(), offset, whence);
        if (found >= 0)
        {
            return found;
        }

        int errno = Marshal.GetLastPInvokeError();
        return errno == Interop.ENXIO ? -1 : throw new NativeException("lseek", errno, path);
    }
}
