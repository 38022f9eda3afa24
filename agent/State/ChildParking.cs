using Microsoft.Win32.SafeHandles;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.State;

/// <summary>The descriptors of a forked child's address space. A child that has no state of its own yet is parked with that of its parent.</summary>
internal readonly record struct ParkedChild(int UserFault, int State);

/// <summary>
/// A pair of sockets in which the descriptors of forked children lie as messages (SCM_RIGHTS, unix(7)), so that they stay open
/// when the agent dies: the holder has both ends as well. A set that holds all current children is sent before the one before it is
/// taken out, so there is a complete one at every moment. What the agent was handed and has not sent yet the <see cref="DescriptorKeeper"/>
/// keeps; but that shares the agent's memory and ends with it when the kernel runs out of memory, which the parked do not.
/// </summary>
internal sealed unsafe class ChildParking : IDisposable
{
    private readonly SafeFileHandle _endA;
    private readonly SafeFileHandle _endB;
    private ulong _sequence;
    private int _queued;

    /// <summary>Takes up the two ends of a pair and owns them.</summary>
    internal ChildParking(SafeFileHandle endA, SafeFileHandle endB)
    {
        _endA = endA;
        _endB = endB;
    }

    /// <summary>The end that sets are sent to.</summary>
    internal int EndA => (int)_endA.DangerousGetHandle();

    /// <summary>The end that sets are taken from.</summary>
    internal int EndB => (int)_endB.DangerousGetHandle();

    /// <summary>Creates a pair.</summary>
    internal static ChildParking Create()
    {
        int* ends = stackalloc int[2];
        return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0
            ? throw new NativeException("socketpair", errno, "parking of forked children")
            : new ChildParking(new SafeFileHandle(ends[0], ownsHandle: true), new SafeFileHandle(ends[1], ownsHandle: true));
    }

    /// <summary>Replaces the parked set.</summary>
    /// <returns>0, or the error number with which the kernel refused; then the former set stays.</returns>
    internal int Park(ReadOnlySpan<ParkedChild> children)
    {
        _sequence++;
        int former = _queued;
        int chunks = Math.Max(1, (children.Length + ParkingMessage.MaximumChildren - 1) / ParkingMessage.MaximumChildren);
        for (int chunk = 0; chunk < chunks; chunk++)
        {
            ReadOnlySpan<ParkedChild> part = children[(chunk * ParkingMessage.MaximumChildren)..];
            part = part[..Math.Min(part.Length, ParkingMessage.MaximumChildren)];
            int error = ParkingMessage.Send(EndA, new ParkingHeader(_sequence, chunk, chunks, part.Length), part);
            if (error != 0)
            {
                return error;
            }

            _queued++;
        }

        for (; former > 0; former--)
        {
            ParkingMessage.Discard(EndB);
            _queued--;
        }

        return 0;
    }

    /// <summary>Duplicates the descriptors of the newest complete set, which stays parked; the caller owns them.</summary>
    internal IReadOnlyList<ParkedChild> Peek()
    {
        List<ParkedChild> complete = [];
        List<ParkedChild> gathering = [];
        int offset = 0;
        _ = setsockopt(EndB, SOL_SOCKET, Interop.SO_PEEK_OFF, &offset, sizeof(int));
        _queued = 0;
        Span<ParkedChild> part = stackalloc ParkedChild[ParkingMessage.MaximumChildren];
        while (ParkingMessage.TryPeek(EndB, out ParkingHeader header, part))
        {
            _queued++;
            _sequence = Math.Max(_sequence, header.Sequence);
            if (header.Chunk == 0)
            {
                Close(gathering);
            }

            gathering.AddRange(part[..header.Children]);
            if (header.Chunk == header.Chunks - 1)
            {
                Close(complete);
                (complete, gathering) = (gathering, complete);
            }
        }

        offset = -1;
        _ = setsockopt(EndB, SOL_SOCKET, Interop.SO_PEEK_OFF, &offset, sizeof(int));
        Close(gathering);
        return complete;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _endA.Dispose();
        _endB.Dispose();
    }

    private static void Close(List<ParkedChild> children)
    {
        foreach (ParkedChild child in children)
        {
            _ = close(child.UserFault);
            _ = close(child.State);
        }

        children.Clear();
    }
}
