using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Shared;

/// <summary>Waits until a process has something to say about its shared memory, or somebody wants the thread to look up.</summary>
internal sealed unsafe class SharedWait : IDisposable
{
    /// <summary>How long to wait when something was put off that only time resolves.</summary>
    internal static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(1);

    /// <summary>How long to wait when nothing is left to do.</summary>
    internal static readonly TimeSpan LookUp = TimeSpan.FromMilliseconds(200);

    private readonly int _interrupt;

    internal SharedWait()
    {
        _interrupt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (_interrupt < 0)
        {
            throw new NativeException("eventfd", errno, "of shared memory");
        }
    }

    /// <summary>Ends the wait from another thread.</summary>
    internal void Interrupt()
    {
        ulong one = 1;
        _ = write(_interrupt, &one, sizeof(ulong));
    }

    /// <summary>Whether the process has said something.</summary>
    internal static bool IsSaid(int process)
    {
        pollfd descriptor = new() { fd = process, events = POLLIN };
        return poll(&descriptor, 1, 0) > 0;
    }

    /// <summary>Waits for messages.</summary>
    internal void ForMessages(int process, TimeSpan patience)
    {
        pollfd* descriptors = stackalloc pollfd[2];
        descriptors[0] = new pollfd { fd = process, events = POLLIN };
        descriptors[1] = new pollfd { fd = _interrupt, events = POLLIN };
        if (poll(descriptors, 2, (int)patience.TotalMilliseconds) > 0 && descriptors[1].revents != 0)
        {
            ulong count;
            _ = read(_interrupt, &count, sizeof(ulong));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _ = close(_interrupt);
}
