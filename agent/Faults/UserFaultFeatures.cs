namespace LazyRestore.Agent.Faults;

/// <summary>Features of userfaultfd, UFFD_FEATURE_* of ioctl_userfaultfd(2).</summary>
[Flags]
public enum UserFaultFeatures : ulong
{
    /// <summary>Nothing beyond missing pages of anonymous memory.</summary>
    None = 0,

    /// <summary>UFFD_FEATURE_PAGEFAULT_FLAG_WP: write-protection faults.</summary>
    WriteProtect = 1 << 0,

    /// <summary>UFFD_FEATURE_EVENT_FORK: a fork gives a userfaultfd for the child.</summary>
    EventFork = 1 << 1,

    /// <summary>UFFD_FEATURE_EVENT_REMAP: mremap(2) is announced.</summary>
    EventRemap = 1 << 2,

    /// <summary>UFFD_FEATURE_EVENT_REMOVE: madvise(2) with MADV_DONTNEED, MADV_FREE or MADV_REMOVE is announced.</summary>
    EventRemove = 1 << 3,

    /// <summary>UFFD_FEATURE_MISSING_HUGETLBFS.</summary>
    MissingHugetlb = 1 << 4,

    /// <summary>UFFD_FEATURE_MISSING_SHMEM.</summary>
    MissingShmem = 1 << 5,

    /// <summary>UFFD_FEATURE_EVENT_UNMAP: munmap(2) is announced.</summary>
    EventUnmap = 1 << 6,

    /// <summary>UFFD_FEATURE_SIGBUS: a signal instead of a fault message.</summary>
    SigBus = 1 << 7,

    /// <summary>UFFD_FEATURE_THREAD_ID: fault messages name the thread.</summary>
    ThreadId = 1 << 8,

    /// <summary>UFFD_FEATURE_MINOR_HUGETLBFS.</summary>
    MinorHugetlb = 1 << 9,

    /// <summary>UFFD_FEATURE_MINOR_SHMEM.</summary>
    MinorShmem = 1 << 10,

    /// <summary>UFFD_FEATURE_EXACT_ADDRESS: fault addresses are not rounded to pages.</summary>
    ExactAddress = 1 << 11,

    /// <summary>UFFD_FEATURE_WP_HUGETLBFS_SHMEM.</summary>
    WriteProtectShared = 1 << 12,

    /// <summary>UFFD_FEATURE_WP_UNPOPULATED.</summary>
    WriteProtectUnpopulated = 1 << 13,

    /// <summary>UFFD_FEATURE_POISON: pages that raise SIGBUS.</summary>
    Poison = 1 << 14,

    /// <summary>UFFD_FEATURE_WP_ASYNC.</summary>
    WriteProtectAsync = 1 << 15,

    /// <summary>UFFD_FEATURE_MOVE: pages move between two places of one address space.</summary>
    Move = 1 << 16,

    /// <summary>What a lazy restore cannot do without: all four events.</summary>
    Required = EventFork | EventRemap | EventRemove | EventUnmap,
}
