using LazyRestore.Agent.Moving;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Serving;

/// <summary>Waits until a process has something to say, or somebody wants the agent thread to look up.</summary>
internal sealed unsafe class FaultWait : IDisposable
{
    /// <summary>How long to wait when something was put off that only time resolves.</summary>
    internal static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(1);

    /// <summary>How long to wait when nothing is left to do: whoever is blocked may be the one that would have something to say.</summary>
    internal static readonly TimeSpan LookUp = TimeSpan.FromMilliseconds(200);

    private readonly int _interrupt;
    private Tmds.Linux.pollfd[] _descriptors = new Tmds.Linux.pollfd[4];

    internal FaultWait()
    {
        _interrupt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (_interrupt < 0)
        {
            throw new NativeException("eventfd", errno, "of the agent thread");
        }
    }

    /// <summary>An eventfd of the page source that ends the wait as well; -1 for none.</summary>
    internal int Announcements { get; init; } = -1;

    /// <summary>Ends the wait from another thread.</summary>
    internal void Interrupt()
    {
        ulong one = 1;
        _ = write(_interrupt, &one, sizeof(ulong));
    }

    /// <summary>Waits for messages.</summary>
    /// <param name="spaces">Whose messages to wait for.</param>
    /// <param name="patience">How long at most.</param>
    /// <returns>False when nothing was said in that time.</returns>
    internal bool ForMessages(List<AddressSpace> spaces, TimeSpan patience)
    {
        if (_descriptors.Length <= spaces.Count + 2)
        {
            _descriptors = new Tmds.Linux.pollfd[spaces.Count * 2 + 3];
        }

        for (int i = 0; i < spaces.Count; i++)
        {
            _descriptors[i] = new Tmds.Linux.pollfd { fd = spaces[i].Fault.Descriptor, events = POLLIN };
        }

        _descriptors[spaces.Count] = new Tmds.Linux.pollfd { fd = _interrupt, events = POLLIN };

        // Only the first, the restored process, has a mover; a negative descriptor is passed over.
        MoverRing? mover = spaces[0].Mover;
        _descriptors[spaces.Count + 1] = new Tmds.Linux.pollfd { fd = mover?.Completions ?? -1, events = POLLIN };
        _descriptors[spaces.Count + 2] = new Tmds.Linux.pollfd { fd = Announcements, events = POLLIN };
        Tmds.Linux.timespec timeout = new()
        {
            tv_sec = (Tmds.Linux.time_t)(long)(patience.Ticks / TimeSpan.TicksPerSecond),
            tv_nsec = (Tmds.Linux.long_t)(patience.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick),
        };
        fixed (Tmds.Linux.pollfd* descriptors = _descriptors)
        {
            int said = Interop.ppoll(descriptors, (nuint)(spaces.Count + 3), &timeout, null);
            if (said > 0 && descriptors[spaces.Count].revents != 0)
            {
                ulong count;
                _ = read(_interrupt, &count, sizeof(ulong));
            }

            if (said > 0 && descriptors[spaces.Count + 1].revents != 0)
            {
                mover!.TakeAnnouncement();
            }

            return said != 0;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _ = close(_interrupt);
}
