using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.ImageFormat;

/// <summary>
/// Appends to a file around the page cache. O_DIRECT wants memory, offset and length aligned to the blocks of the device (open(2)), so
/// bytes are gathered in an aligned buffer that is written whenever it is full.
/// </summary>
internal sealed class DirectWrites
{
    /// <summary>A page: no device that Linux drives has larger logical blocks.</summary>
    private const int Alignment = ImageLayout.PageSize;

    // Large, because nothing is written behind the writer's back here: each write waits for the device.
    private const int Capacity = 4 << 20;

    private readonly SafeFileHandle _file;
    private readonly Memory<byte> _buffer;
    private int _held;
    private long _written;

    /// <summary>Turns O_DIRECT on for a file that is empty.</summary>
    /// <exception cref="IOException">The file system does not know it.</exception>
    public DirectWrites(SafeFileHandle file)
    {
        _file = file;
        if (Interop.fcntl(file, Interop.F_SETFL, Interop.O_DIRECT) != 0)
        {
            string problem = new Win32Exception(Marshal.GetLastPInvokeError()).Message;
            throw new IOException($"its file system takes no direct writes (fcntl F_SETFL O_DIRECT: {problem})");
        }

        byte[] buffer = GC.AllocateUninitializedArray<byte>(Capacity + Alignment, pinned: true);
        int skipped = (int)(-Marshal.UnsafeAddrOfPinnedArrayElement(buffer, 0) & (Alignment - 1));
        _buffer = buffer.AsMemory(skipped, Capacity);
    }

    /// <summary>Appends bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int taken = Math.Min(bytes.Length, Capacity - _held);
            bytes[..taken].CopyTo(_buffer.Span[_held..]);
            bytes = bytes[taken..];
            _held += taken;
            if (_held == Capacity)
            {
                Flush(Capacity);
            }
        }
    }

    /// <summary>Writes what is left: whole blocks, and then the file is cut to its length.</summary>
    public void Finish()
    {
        long length = _written + _held;
        int blocks = (_held + Alignment - 1) & -Alignment;
        _buffer.Span[_held..blocks].Clear();
        Flush(blocks);
        RandomAccess.SetLength(_file, length);
    }

    private void Flush(int length)
    {
        RandomAccess.Write(_file, _buffer.Span[..length], _written);
        _written += length;
        _held = 0;
    }
}
