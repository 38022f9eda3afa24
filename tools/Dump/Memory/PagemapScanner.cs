using System.Runtime.InteropServices;
using LazyRestore.Agent;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Dump.Memory;

/// <summary>
/// Finds the pages of a process that hold data of its own: by the ioctl PAGEMAP_SCAN where the kernel has it (Linux 6.7), otherwise
/// by reading /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst).
/// </summary>
public sealed unsafe class PagemapScanner : IDisposable
{
    private const int Regions = 1024;
    private readonly string _path;
    private readonly SafeFileHandle _pagemap;
    private readonly Interop.page_region[] _regions = GC.AllocateArray<Interop.page_region>(Regions, pinned: true);
    private readonly ulong[] _entries = GC.AllocateArray<ulong>(8192, pinned: true);
    private bool _kernelScans = true;
    private ulong _guardCategory = Interop.PAGE_IS_GUARD;

    /// <summary>Opens the page map of a process.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="kernelScans">False to leave PAGEMAP_SCAN alone, as on a kernel that lacks it.</param>
    public PagemapScanner(int pid, bool kernelScans = true)
    {
        _path = $"/proc/{pid}/pagemap";
        _pagemap = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        _kernelScans = kernelScans;
    }

    /// <summary>Appends the pages of a range that are not clean pages of a file.</summary>
    /// <param name="start">First address.</param>
    /// <param name="end">First address after the range.</param>
    /// <param name="fileBacked">
    /// Whether a private file mapping is scanned, where only changed pages count, and pages of zeros as much as others.
    /// </param>
    /// <param name="found">What was found is appended here.</param>
    /// <returns>Whether guard pages (MADV_GUARD_INSTALL) are among the range; they are not appended.</returns>
    public bool Scan(ulong start, ulong end, bool fileBacked, List<PageRange> found)
    {
        bool guards = false;
        ulong at = start;
        while (_kernelScans && at < end)
        {
            if (ScanOnce(ref at, end, fileBacked, found, ref guards, mostPages: 0))
            {
                continue;
            }

            _kernelScans = false;
        }

        return at < end ? ReadEntries(at, end, fileBacked, found) : guards;
    }

    /// <summary>Whether any page of a range of anonymous memory holds data; it ends at the first one.</summary>
    public bool HoldsData(ulong start, ulong end)
    {
        List<PageRange> found = [];
        bool guards = false;
        ulong at = start;
        while (_kernelScans && at < end && found.Count == 0 && !guards)
        {
            _kernelScans = ScanOnce(ref at, end, fileBacked: false, found, ref guards, mostPages: 1);
        }

        return found.Count > 0 || guards || (at < end && (ReadEntries(at, end, fileBacked: false, found) || found.Count > 0));
    }

    /// <inheritdoc/>
    public void Dispose() => _pagemap.Dispose();

    // False when the kernel has no such request. It ends early after so many pages, unless that is 0.
    private bool ScanOnce(ref ulong at, ulong end, bool fileBacked, List<PageRange> found, ref bool guards, ulong mostPages)
    {
        ulong unwanted = fileBacked ? Interop.PAGE_IS_FILE : Interop.PAGE_IS_PFNZERO;
        Interop.pm_scan_arg argument = new()
        {
            size = (ulong)sizeof(Interop.pm_scan_arg),
            start = at,
            end = end,
            vec = (ulong)AddressOf(_regions),
            vec_len = Regions,
            max_pages = mostPages,
            category_inverted = unwanted,
            category_mask = unwanted,
            category_anyof_mask = Interop.PAGE_IS_PRESENT | Interop.PAGE_IS_SWAPPED,
            return_mask = Interop.PAGE_IS_PRESENT | _guardCategory,
        };
        int count = Interop.ioctl_pagemap_scan((int)_pagemap.DangerousGetHandle(), Interop.PAGEMAP_SCAN, &argument);
        if (count < 0)
        {
            return HandleFailure(Marshal.GetLastPInvokeError(), at);
        }

        for (int i = 0; i < count; i++)
        {
            Interop.page_region region = _regions[i];
            if ((region.categories & Interop.PAGE_IS_GUARD) != 0)
            {
                guards = true;
            }
            else
            {
                Append(found, region.start, region.end, fileBacked);
            }
        }

        // The kernel fills the vector in several turns, and leaves walk_end where the last one but one ended when the last one came to the end of
        // the range: what it has found lies behind that then.
        at = count > 0 ? Math.Max(argument.walk_end, _regions[count - 1].end) : argument.walk_end;
        return true;
    }

    private bool HandleFailure(int errno, ulong at)
    {
        if (errno == Interop.EINVAL && _guardCategory != 0)
        {
            // Kernels before 6.15 do not know the category.
            _guardCategory = 0;
            return true;
        }

        return errno is Interop.ENOTTY or Interop.EINVAL
            ? false
            : throw new NativeException("ioctl(PAGEMAP_SCAN)", errno, $"{_path} at 0x{at:x}");
    }

    private bool ReadEntries(ulong start, ulong end, bool fileBacked, List<PageRange> found)
    {
        bool guards = false;
        for (ulong at = start; at < end;)
        {
            int wanted = (int)Math.Min((ulong)_entries.Length, (end - at) / PageRange.PageSize);
            long offset = (long)(at / PageRange.PageSize * sizeof(ulong));
            int count = RandomAccess.Read(_pagemap, MemoryMarshal.AsBytes(_entries.AsSpan(0, wanted)), offset) / sizeof(ulong);
            if (count == 0)
            {
                throw new LazyRestoreException(FailureReason.Failed, $"{_path} ends before 0x{at:x}");
            }

            foreach (ulong entry in _entries.AsSpan(0, count))
            {
                if ((entry & Interop.PM_GUARD_REGION) != 0)
                {
                    guards = true;
                }
                else if ((entry & (Interop.PM_PRESENT | Interop.PM_SWAP)) != 0 && !(fileBacked && (entry & Interop.PM_FILE) != 0))
                {
                    Append(found, at, at + PageRange.PageSize, fileBacked);
                }

                at += PageRange.PageSize;
            }
        }

        return guards;
    }

    private static void Append(List<PageRange> found, ulong start, ulong end, bool keepZero)
    {
        if (found.Count > 0 && found[^1].End == start && found[^1].KeepZero == keepZero)
        {
            found[^1] = found[^1] with { End = end };
        }
        else
        {
            found.Add(new PageRange(start, end, keepZero));
        }
    }

    // The arrays are pinned for good.
    private static nint AddressOf<T>(T[] pinned) => Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0);
}
