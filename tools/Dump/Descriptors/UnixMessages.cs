using System.Runtime.InteropServices;
using LazyRestore.Agent;
using LazyRestore.Tools.Dump.Support;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Looks at what waits in a UNIX socket without taking it: MSG_PEEK with an offset that moves on, SO_PEEK_OFF in socket(7).</summary>
internal sealed unsafe class UnixMessages(OpenDescription description, Refusals refusals)
{
    private const int BufferSize = 1 << 20;
    private const int ControlSize = 8 << 10;
    private const int MostMessages = 1 << 16;

    /// <summary>The messages; those of a stream are joined into one.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Peek(int type)
    {
        if (SocketQuery.Number(description.First, Interop.SOL_SOCKET, Interop.SO_PEEK_OFF) >= 0)
        {
            refusals.Add(description.Subject, UnsupportedKind.PeekOffset);
            return [];
        }

        SetPeekOffset(0);
        try
        {
            List<ReadOnlyMemory<byte>> messages = PeekAll(type);
            return type == Interop.SOCK_STREAM && messages.Count > 1 ? [Join(messages)] : messages;
        }
        finally
        {
            SetPeekOffset(-1);
        }
    }

    /// <summary>Looks at the first message alone, by which the socket stays as it is.</summary>
    public void LookAtFirst()
    {
        if (SocketQuery.Number(description.First, Interop.SOL_SOCKET, Interop.SO_PEEK_OFF) >= 0)
        {
            refusals.Add(description.Subject, UnsupportedKind.PeekOffset);
        }
        else
        {
            PeekOne(new byte[BufferSize]);
        }
    }

    private List<ReadOnlyMemory<byte>> PeekAll(int type)
    {
        List<ReadOnlyMemory<byte>> messages = [];
        byte[] buffer = new byte[BufferSize];
        while (messages.Count < MostMessages && PeekOne(buffer) is { } length)
        {
            // Nothing is the end of what was sent, except for a datagram.
            if (length == 0 && type != Interop.SOCK_DGRAM)
            {
                break;
            }

            messages.Add(buffer.AsSpan(0, length).ToArray());
        }

        return messages;
    }

    // A stream socket that has no peer holds nothing either.
    private const int NotConnected = 107;

    // Null when there is no more.
    private int? PeekOne(byte[] buffer)
    {
        byte* control = stackalloc byte[ControlSize];
        byte* name = stackalloc byte[128];
        fixed (byte* start = buffer)
        {
            Interop.iovec vector = new() { iov_base = start, iov_len = (nuint)buffer.Length };
            Interop.msghdr message = new()
            {
                msg_name = name,
                msg_namelen = 128,
                msg_iov = &vector,
                msg_iovlen = 1,
                msg_control = control,
                msg_controllen = ControlSize,
            };
            nint length = Interop.recvmsg(
                description.First.Here, &message, Interop.MSG_PEEK | Interop.MSG_DONTWAIT | Interop.MSG_CMSG_CLOEXEC);
            if (length < 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                return errno is Interop.EAGAIN or NotConnected ? null : throw new NativeException("recvmsg(MSG_PEEK)", errno, description.Subject);
            }

            Refuse(message);
            return (int)length;
        }
    }

    private void Refuse(in Interop.msghdr message)
    {
        if (CloseReceived(message))
        {
            refusals.Add(description.Subject, UnsupportedKind.QueuedDescriptors);
        }

        // A name of nothing but the family is that of an unbound sender.
        if (message.msg_namelen > sizeof(ushort))
        {
            refusals.Add(description.Subject, UnsupportedKind.QueuedAddresses);
        }

        if ((message.msg_flags & Interop.MSG_TRUNC) != 0)
        {
            throw new LazyRestoreException(FailureReason.Unsupported, $"{description.Subject}: a queued message is larger than 1 MiB");
        }
    }

    // Descriptors come along even when a message is only looked at; true when there were any.
    private static bool CloseReceived(in Interop.msghdr message)
    {
        bool any = (message.msg_flags & Interop.MSG_CTRUNC) != 0;
        byte* at = (byte*)message.msg_control;
        byte* end = at + message.msg_controllen;
        while (end - at >= sizeof(Interop.cmsghdr))
        {
            Interop.cmsghdr* header = (Interop.cmsghdr*)at;
            if (header->cmsg_level == Interop.SOL_SOCKET && header->cmsg_type == Interop.SCM_RIGHTS)
            {
                any = true;
                for (int* fd = (int*)(header + 1); (byte*)(fd + 1) <= at + header->cmsg_len; fd++)
                {
                    new SafeFileHandle(*fd, ownsHandle: true).Dispose();
                }
            }

            at += (header->cmsg_len + 7) & ~(nuint)7;
        }

        return any;
    }

    private void SetPeekOffset(int offset) => Native.Check(
        "setsockopt(SO_PEEK_OFF)",
        Interop.setsockopt(description.First.Here, Interop.SOL_SOCKET, Interop.SO_PEEK_OFF, &offset, sizeof(int)),
        description.Subject);

    private static byte[] Join(List<ReadOnlyMemory<byte>> messages)
    {
        byte[] whole = new byte[messages.Sum(message => message.Length)];
        int at = 0;
        foreach (ReadOnlyMemory<byte> message in messages)
        {
            message.Span.CopyTo(whole.AsSpan(at));
            at += message.Length;
        }

        return whole;
    }
}
