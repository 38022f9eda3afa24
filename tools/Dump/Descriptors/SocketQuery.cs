using System.Runtime.InteropServices;
using LazyRestore.Agent;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Asks a socket through its duplicate.</summary>
internal static unsafe class SocketQuery
{
    private const int LargestAddress = 128;

    /// <summary>An option that is a number, getsockopt(2).</summary>
    public static int Number(OpenDescriptor socket, int level, int name)
    {
        int value = 0;
        uint length = sizeof(int);
        Native.Check("getsockopt", Interop.getsockopt(socket.Here, level, name, &value, &length), $"descriptor {socket.Number}");
        return value;
    }

    /// <summary>The bytes of an option; null when the socket does not have it.</summary>
    public static byte[]? Bytes(int fd, int level, int name, int size)
    {
        byte[] value = new byte[size];
        uint length = (uint)size;
        fixed (byte* start = value)
        {
            return Interop.getsockopt(fd, level, name, start, &length) < 0 ? null : value[..(int)length];
        }
    }

    /// <summary>The raw address that a socket is bound to, with its family.</summary>
    public static byte[] LocalAddress(OpenDescriptor socket)
    {
        byte* address = stackalloc byte[LargestAddress];
        uint length = LargestAddress;
        Native.Check("getsockname", Interop.getsockname(socket.Here, address, &length), $"descriptor {socket.Number}");
        return new ReadOnlySpan<byte>(address, (int)length).ToArray();
    }

    /// <summary>The raw address of the peer, with its family; empty when it is not connected.</summary>
    public static byte[] PeerAddress(OpenDescriptor socket)
    {
        const int ENOTCONN = 107;
        byte* address = stackalloc byte[LargestAddress];
        uint length = LargestAddress;
        if (Interop.getpeername(socket.Here, address, &length) == 0)
        {
            return new ReadOnlySpan<byte>(address, (int)length).ToArray();
        }

        int errno = Marshal.GetLastPInvokeError();
        return errno is ENOTCONN or Interop.EINVAL
            ? []
            : throw new NativeException("getpeername", errno, $"descriptor {socket.Number}");
    }

    /// <summary>Bytes that can be received, FIONREAD.</summary>
    public static int Readable(OpenDescriptor socket)
    {
        int length = 0;
        Native.Check("ioctl(FIONREAD)", Interop.ioctl_int(socket.Here, Interop.FIONREAD, &length), $"descriptor {socket.Number}");
        return length;
    }
}
