using System.Runtime.InteropServices;

namespace LazyRestore.Agent;

internal static unsafe partial class Interop
{
    /// <summary>userfaultfd(2) and ioctl_userfaultfd(2); linux/userfaultfd.h of distributions lags behind the kernel, so it stands here.</summary>
    internal static class UserFaultFd
    {
        internal const string DevicePath = "/dev/userfaultfd";
        internal const int SYS_userfaultfd = 323;
        internal const ulong UFFD_API = 0xAA;

        internal const uint USERFAULTFD_IOC_NEW = 0xAA00;
        internal const uint UFFDIO_REGISTER = 0xC020AA00;
        internal const uint UFFDIO_UNREGISTER = 0x8010AA01;
        internal const uint UFFDIO_WAKE = 0x8010AA02;
        internal const uint UFFDIO_COPY = 0xC028AA03;
        internal const uint UFFDIO_ZEROPAGE = 0xC020AA04;
        internal const uint UFFDIO_MOVE = 0xC028AA05;
        internal const uint UFFDIO_CONTINUE = 0xC020AA07;
        internal const uint UFFDIO_POISON = 0xC020AA08;
        internal const uint UFFDIO_API = 0xC018AA3F;

        internal const ulong UFFDIO_REGISTER_MODE_MISSING = 1;
        internal const ulong UFFDIO_COPY_MODE_DONTWAKE = 1;
        internal const ulong UFFDIO_ZEROPAGE_MODE_DONTWAKE = 1;

        internal const ulong UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES = 2;

        internal const ulong UFFD_PAGEFAULT_FLAG_WRITE = 1;

        internal const byte UFFD_EVENT_PAGEFAULT = 0x12;
        internal const byte UFFD_EVENT_FORK = 0x13;
        internal const byte UFFD_EVENT_REMAP = 0x14;
        internal const byte UFFD_EVENT_REMOVE = 0x15;
        internal const byte UFFD_EVENT_UNMAP = 0x16;

        [StructLayout(LayoutKind.Sequential)]
        internal struct uffdio_api
        {
            internal ulong api;
            internal ulong features;
            internal ulong ioctls;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct uffdio_range
        {
            internal ulong start;
            internal ulong len;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct uffdio_register
        {
            internal uffdio_range range;
            internal ulong mode;
            internal ulong ioctls;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct uffdio_copy
        {
            internal ulong dst;
            internal ulong src;
            internal ulong len;
            internal ulong mode;
            internal long copy;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct uffdio_move
        {
            internal ulong dst;
            internal ulong src;
            internal ulong len;
            internal ulong mode;
            internal long move;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct uffdio_zeropage
        {
            internal uffdio_range range;
            internal ulong mode;
            internal long zeropage;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct uffdio_continue
        {
            internal uffdio_range range;
            internal ulong mode;
            internal long mapped;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct uffdio_poison
        {
            internal uffdio_range range;
            internal ulong mode;
            internal long updated;
        }

        /// <summary>The kernel's struct uffd_msg; the union's members stand side by side.</summary>
        [StructLayout(LayoutKind.Explicit, Size = 32)]
        internal struct uffd_msg
        {
            [FieldOffset(0)]
            internal byte @event;

            [FieldOffset(8)]
            internal ulong pagefault_flags;

            [FieldOffset(16)]
            internal ulong pagefault_address;

            [FieldOffset(24)]
            internal uint pagefault_ptid;

            [FieldOffset(8)]
            internal uint fork_ufd;

            [FieldOffset(8)]
            internal ulong remap_from;

            [FieldOffset(16)]
            internal ulong remap_to;

            [FieldOffset(24)]
            internal ulong remap_len;

            [FieldOffset(8)]
            internal ulong remove_start;

            [FieldOffset(16)]
            internal ulong remove_end;
        }
    }
}
