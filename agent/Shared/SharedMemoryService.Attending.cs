using LazyRestore.Agent.Faults;
using LazyRestore.Agent.State;
using LazyRestore.ImageFormat;
using static LazyRestore.Agent.Interop.UserFaultFd;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Shared;

// When every page is there: what is missing from now on is zero, and events are only to be read. Mappings stay registered until the last
// descriptor of the userfaultfd is closed, which harms nobody then: to unregister them by address could hit something else that has
// come there meanwhile, and the kernel asks whose it is only since Linux 6.17. For the same reason zeros are put into the file, not at an address.
public sealed unsafe partial class SharedMemoryService
{
    private bool _isMoved;

    private void Attend()
    {
        _ = _completion.TrySetResult(new PageServiceResult(PageServiceEnd.Resident));
        uffd_msg message;
        if (_process.Read(&message, 1) < 1)
        {
            _wait.ForMessages(_process.Descriptor, SharedWait.LookUp);
        }
        else if (message.@event == UFFD_EVENT_PAGEFAULT)
        {
            _counters.Add(StateCounter.SharedFaults);
            LetReadAsZero(message.pagefault_address & ~PageMask);
        }
        else
        {
            Apply(message);
        }
    }

    private void Apply(in uffd_msg message)
    {
        if (message.@event == UFFD_EVENT_FORK)
        {
            // Nobody else has the child's userfaultfd, so its registration ends with this.
            _ = close((int)message.fork_ufd);
        }
        else
        {
            _isMoved = true;
        }
    }

    private void LetReadAsZero(ulong address)
    {
        if (_isMoved || Find(address) is null)
        {
            _isMoved = false;
            FindAgain();
        }

        if (Find(address) is { } part)
        {
            _ = part.File.Fault.ZeroPage(part.File.Origin + (address - part.Origin), ImageLayout.PageSize);
            _counters.Add(StateCounter.SharedZeroPages);
            _counters.AddFault(FaultKind.Shared, FaultOutcome.Zero);
        }

        else
        {
            _counters.AddFault(FaultKind.Shared, FaultOutcome.Repeated);
        }

        // Where it was wrong, because the mapping is on the move, the thread says so again.
        _ = _process.Wake(address, ImageLayout.PageSize);
    }

    private SharedPart? Find(ulong address) => _parts.Find(part => address - part.Start < part.End - part.Start);

    // Where the files are mapped by now.
    private void FindAgain()
    {
        _parts.Clear();
        foreach (ProcessMapping mapping in ProcessMaps.Read(_state.Pid))
        {
            if (_files.Find(file => file.Identity == mapping.File) is { } file)
            {
                _parts.Add(new SharedPart(new SharedMapping(mapping.Start, mapping.End, mapping.Offset), file, _process));
            }
        }
    }
}
