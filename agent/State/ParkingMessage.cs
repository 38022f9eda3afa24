using System.Runtime.InteropServices;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.State;

/// <summary>The bytes that go with the descriptors of some children.</summary>
/// <param name="Sequence">The number of the set.</param>
/// <param name="Chunk">Which message of the set this is.</param>
/// <param name="Chunks">How many messages the set has.</param>
/// <param name="Children">How many children this message holds.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct ParkingHeader(ulong Sequence, int Chunk, int Chunks, int Children);

/// <summary>One message of a parked set: a header, and two descriptors for each child.</summary>
internal static unsafe class ParkingMessage
{
    /// <summary>Children per message: the kernel passes at most 253 descriptors at once (SCM_MAX_FD).</summary>
    internal const int MaximumChildren = 125;

    private const int ControlBytes = 16 + (MaximumChildren * 8);

    /// <summary>Sends a message without waiting.</summary>
    /// <returns>0 or an error number.</returns>
    internal static int Send(int socket, ParkingHeader header, ReadOnlySpan<ParkedChild> children)
    {
        byte* control = stackalloc byte[ControlBytes];
        Interop.cmsghdr* rights = (Interop.cmsghdr*)control;
        rights->cmsg_len = (nuint)(16 + (children.Length * 8));
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        children.CopyTo(new Span<ParkedChild>(control + 16, MaximumChildren));

        iovec bytes = new() { iov_base = &header, iov_len = sizeof(ParkingHeader) };
        msghdr message = new() { msg_iov = &bytes, msg_iovlen = 1 };
        if (children.Length > 0)
        {
            message.msg_control = control;
            message.msg_controllen = (int)rights->cmsg_len;
        }

        return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
    }

    /// <summary>Takes the oldest message out; its descriptors are closed, not received.</summary>
    internal static void Discard(int socket)
    {
        ParkingHeader header = default;
        iovec bytes = new() { iov_base = &header, iov_len = sizeof(ParkingHeader) };
        msghdr message = new() { msg_iov = &bytes, msg_iovlen = 1 };
        _ = recvmsg(socket, &message, MSG_DONTWAIT);
    }

    /// <summary>Duplicates the descriptors of the next message, which stays where it is.</summary>
    internal static bool TryPeek(int socket, out ParkingHeader header, Span<ParkedChild> children)
    {
        ParkingHeader read = default;
        byte* control = stackalloc byte[ControlBytes];
        iovec bytes = new() { iov_base = &read, iov_len = sizeof(ParkingHeader) };
        msghdr message = new() { msg_iov = &bytes, msg_iovlen = 1, msg_control = control, msg_controllen = ControlBytes };
        if (recvmsg(socket, &message, MSG_PEEK | MSG_DONTWAIT | Interop.MSG_CMSG_CLOEXEC) < 0)
        {
            header = default;
            return false;
        }

        Interop.cmsghdr* rights = (Interop.cmsghdr*)control;
        int received = (int)message.msg_controllen >= 16 ? (int)((rights->cmsg_len - 16) / 8) : 0;
        new ReadOnlySpan<ParkedChild>(control + 16, received).CopyTo(children);
        header = read with { Children = received };
        return true;
    }
}
