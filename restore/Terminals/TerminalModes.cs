using System.Buffers.Binary;

namespace LazyRestore.Restore.Terminals;

/// <summary>The modes of a terminal: struct termios2 of asm-generic/termbits.h, termios(3).</summary>
/// <param name="Bytes">The structure, <see cref="Size"/> bytes.</param>
public readonly record struct TerminalModes(ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Bytes of the structure.</summary>
    public const int Size = 44;

    /// <summary>What makes the next byte an ordinary one, in <see cref="ForFilling"/>.</summary>
    internal const byte Literal = 0x16;

    /// <summary>What ends a line without being part of it, in <see cref="ForFilling"/>.</summary>
    internal const byte EndOfFile = 0x04;

    private const int InputFlags = 0;
    private const int OutputFlags = 4;
    private const int LocalFlags = 12;
    private const int Characters = 17;
    private const int CharacterCount = 19;
    private const int EndOfFileCharacter = 4; // VEOF
    private const int StopCharacter = 9; // VSTOP
    private const int LiteralCharacter = 15; // VLNEXT
    private const uint ProcessOutput = 1; // OPOST
    private const uint FlowControl = 0x400; // IXON
    private const uint Canonical = 2; // ICANON
    private const uint Extended = 0x8000; // IEXTEN
    private const uint ExternalProcessing = 0x10000; // EXTPROC

    /// <summary>Whether input is gathered into lines.</summary>
    public bool IsCanonical => (Read(LocalFlags) & Canonical) != 0;

    /// <summary>The character that holds output; 0 for none.</summary>
    public byte Stop => (Read(InputFlags) & FlowControl) != 0 ? Bytes.Span[Characters + StopCharacter] : (byte)0;

    /// <summary>
    /// The same mode of lines, in which bytes are taken as they are and echoed to nobody. To take flow control away would let held output go.
    /// </summary>
    internal TerminalModes ForFilling => With(
        (InputFlags, Read(InputFlags) & FlowControl),
        (LocalFlags, (Read(LocalFlags) & (Canonical | ExternalProcessing)) | (IsCanonical ? Extended : 0)))
        .WithCharacters((EndOfFileCharacter, EndOfFile), (LiteralCharacter, Literal));

    /// <summary>Without lines, and without waiting: reading gives all that is there.</summary>
    internal TerminalModes ForDraining => With(
        (InputFlags, Read(InputFlags) & FlowControl), (LocalFlags, Read(LocalFlags) & ExternalProcessing)).WithCharacters();

    /// <summary>What is written leaves as it is.</summary>
    internal TerminalModes WithPlainOutput => With((OutputFlags, Read(OutputFlags) & ~ProcessOutput));

    private uint Read(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes.Span[offset..]);

    private TerminalModes With(params ReadOnlySpan<(int Offset, uint Flags)> changes)
    {
        byte[] bytes = Bytes.ToArray();
        foreach ((int offset, uint flags) in changes)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(offset), flags);
        }

        return new(bytes);
    }

    private TerminalModes WithCharacters(params ReadOnlySpan<(int Place, byte Character)> characters)
    {
        byte[] bytes = Bytes.ToArray();
        bytes.AsSpan(Characters, CharacterCount).Clear();
        foreach ((int place, byte character) in characters)
        {
            bytes[Characters + place] = character;
        }

        return new(bytes);
    }
}
