using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Dump.Memory;

/// <summary>Finds the build ID of an ELF file, elf(5): the note NT_GNU_BUILD_ID.</summary>
public static class ElfBuildId
{
    private const int HeaderSize = 64;
    private const int ProgramHeaderSize = 56;
    private const int PT_NOTE = 4;
    private const int NT_GNU_BUILD_ID = 3;
    private const int MostNotes = 64 << 10;

    /// <summary>The build ID; empty when the file is no 64-bit ELF file or has none.</summary>
    public static byte[] Read(SafeFileHandle file)
    {
        byte[] header = new byte[HeaderSize];
        if (RandomAccess.Read(file, header, 0) < HeaderSize
            || !header.AsSpan().StartsWith("\u007fELF\u0002\u0001"u8)
            || BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(54)) != ProgramHeaderSize)
        {
            return [];
        }

        byte[] programs = new byte[BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(56)) * ProgramHeaderSize];
        int length = RandomAccess.Read(file, programs, BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(32)));
        for (int at = 0; at + ProgramHeaderSize <= length; at += ProgramHeaderSize)
        {
            ReadOnlySpan<byte> program = programs.AsSpan(at, ProgramHeaderSize);
            long size = BinaryPrimitives.ReadInt64LittleEndian(program[32..]);
            if (BinaryPrimitives.ReadInt32LittleEndian(program) == PT_NOTE && size is > 0 and <= MostNotes)
            {
                byte[] notes = new byte[size];
                int read = RandomAccess.Read(file, notes, BinaryPrimitives.ReadInt64LittleEndian(program[8..]));
                if (FindIn(notes.AsSpan(0, read)) is { } id)
                {
                    return id;
                }
            }
        }

        return [];
    }

    /// <summary>The build ID in a note segment; null when there is none.</summary>
    public static byte[]? FindIn(ReadOnlySpan<byte> notes)
    {
        // Each note: length of name, length of description, type, then both, padded to 4 bytes.
        while (notes.Length >= 12)
        {
            uint nameLength = BinaryPrimitives.ReadUInt32LittleEndian(notes);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(notes[4..]);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(notes[8..]);
            long start = 12 + Padded(nameLength);
            long next = start + Padded(length);
            if (next > notes.Length)
            {
                return null;
            }

            if (type == NT_GNU_BUILD_ID && Encoding.ASCII.GetString(notes.Slice(12, (int)nameLength)) == "GNU\0")
            {
                return notes.Slice((int)start, (int)length).ToArray();
            }

            notes = notes[(int)next..];
        }

        return null;
    }

    private static long Padded(uint length) => ((long)length + 3) & ~3L;
}
