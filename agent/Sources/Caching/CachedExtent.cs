using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using LazyRestore.Agent.Sources.Remote;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Sources.Caching;

/// <summary>
/// The file of an extent in a cache: its record as it is in the image, with holes where nothing has come. Its name follows from what the index says
/// of the extent, checksums included. What is read is verified like everything that comes from elsewhere, so a hole is noticed, and damage.
/// </summary>
/// <param name="folder">The cache.</param>
/// <param name="entry">The extent.</param>
internal sealed class CachedExtent(CacheFolder folder, ExtentEntry entry) : IDisposable
{
    private const int PieceLength = 128 << 10;

    private readonly Lock _lock = new();
    private readonly string _name = NameOf(entry);
    private FileStream? _file;
    private bool _isAbsent;
    private byte[]? _gathered;
    private int _gatheredAt;
    private int _gatheredLength;
    private bool _isDisposed;

    /// <summary>Gives a part of an answer what of it is in the cache, up to the first byte that is not.</summary>
    internal void Serve(ExtentPart part)
    {
        using FileStream? file = folder.TryOpen(_name);
        if (file is null)
        {
            return;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(PieceLength);
        try
        {
            while (part.Wanted is { Length: > 0 } wanted)
            {
                int length = RandomAccess.Read(
                    file.SafeFileHandle, buffer.AsSpan(0, (int)Math.Min(buffer.Length, wanted.Length)), wanted.Offset - entry.RecordOffset);
                if (length == 0)
                {
                    return;
                }

                part.Take(wanted.Offset, buffer.AsMemory(0, length));
            }
        }
        catch (Exception problem) when (problem is ImageDamagedException or IOException)
        {
            // A hole, or damage: it is fetched again, and put right.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads the record; null unless all of it is there and intact.</summary>
    internal byte[]? TryRead(CheckpointImage image)
    {
        using FileStream? file = folder.TryOpen(_name);
        byte[] record = new byte[entry.EndOffset - entry.RecordOffset];
        return file is not null && RandomAccess.Read(file.SafeFileHandle, record, 0) == record.Length && IsIntact(image, entry, record) ? record : null;
    }

    /// <summary>Whether bytes are the record of an extent.</summary>
    internal static bool IsIntact(CheckpointImage image, ExtentEntry entry, ReadOnlySpan<byte> record)
    {
        using ExtentDecoder decoder = new();
        byte[] pages = ArrayPool<byte>.Shared.Rent(entry.PresentPages * ImageLayout.PageSize);
        try
        {
            decoder.DecodeAll(image.ParseHeader(entry, record[..entry.HeadLength]), record[entry.HeadLength..], pages);
            return true;
        }
        catch (ImageDamagedException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(pages);
        }
    }

    /// <summary>
    /// Keeps bytes that were verified. Those that follow each other are written together. May be called from several threads, also when nobody
    /// waits for the answer any more.
    /// </summary>
    /// <param name="offset">Where they stand in the record.</param>
    /// <param name="bytes">The bytes.</param>
    internal void Keep(int offset, ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (!_isDisposed)
            {
                Gather(offset, bytes);
            }
        }
    }

    /// <summary>Writes what was gathered.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            Flush();
            _file?.Dispose();
            if (_gathered is not null)
            {
                ArrayPool<byte>.Shared.Return(_gathered);
                _gathered = null;
            }
        }
    }

    private void Gather(int offset, ReadOnlySpan<byte> bytes)
    {
        _gathered ??= ArrayPool<byte>.Shared.Rent(PieceLength);
        if (offset != _gatheredAt + _gatheredLength || _gatheredLength + bytes.Length > PieceLength)
        {
            Flush();
            _gatheredAt = offset;
        }

        if (bytes.Length > PieceLength)
        {
            Write(offset, bytes);
            return;
        }

        bytes.CopyTo(_gathered.AsSpan(_gatheredLength));
        _gatheredLength += bytes.Length;
    }

    private void Flush()
    {
        if (_gatheredLength > 0)
        {
            Write(_gatheredAt, _gathered.AsSpan(0, _gatheredLength));
            _gatheredLength = 0;
        }
    }

    private void Write(int offset, ReadOnlySpan<byte> bytes)
    {
        _file ??= _isAbsent ? null : folder.TryOpenToWrite(_name, entry.EndOffset - entry.RecordOffset);
        _isAbsent = _file is null || !CacheFolder.TryWrite(_file, offset, bytes);
        if (_isAbsent)
        {
            _file?.Dispose();
            _file = null;
        }
    }

    // The checksum of the head covers the checksums of all pages and blocks.
    private static string NameOf(in ExtentEntry entry)
    {
        Span<byte> identity = stackalloc byte[40];
        BinaryPrimitives.WriteUInt64LittleEndian(identity, entry.HeaderChecksum);
        BinaryPrimitives.WriteUInt64LittleEndian(identity[8..], entry.Address.Address);
        BinaryPrimitives.WriteInt32LittleEndian(identity[16..], entry.Address.Space);
        BinaryPrimitives.WriteInt32LittleEndian(identity[20..], entry.HeadLength);
        BinaryPrimitives.WriteInt32LittleEndian(identity[24..], entry.PayloadLength);
        BinaryPrimitives.WriteInt32LittleEndian(identity[28..], entry.PresentPages);
        BinaryPrimitives.WriteInt32LittleEndian(identity[32..], (int)entry.Codec);
        return Convert.ToHexStringLower(XxHash128.Hash(identity));
    }
}
