using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Restore.Terminals;

/// <summary>
/// What waits in a pseudo terminal to be read from either end. No request only looks at it: so it is taken, and put back at once, with modes in
/// which every byte stays what it is.
/// </summary>
/// <param name="Lines">What the slave will read: whole lines. One that does not end with a newline ends with an end-of-file.</param>
/// <param name="Input">What the slave will read behind those.</param>
/// <param name="Output">What the master will read.</param>
public sealed record TerminalContent(IReadOnlyList<ReadOnlyMemory<byte>> Lines, ReadOnlyMemory<byte> Input, ReadOnlyMemory<byte> Output)
{
    /// <summary>Nothing.</summary>
    public static readonly TerminalContent None = new([], default, default);

    /// <summary>Bytes that the terminal has room for in front of a reader; more of it waits as it was typed (N_TTY_BUF_SIZE).</summary>
    internal const int MostInput = 4095;

    private bool IsEmpty => Lines.Count == 0 && Input.IsEmpty;

    /// <summary>Finds out what waits in a terminal whose users stand still. It is the same before and after.</summary>
    /// <param name="terminal">The terminal.</param>
    /// <param name="slave">A slave that does not wait when it is read.</param>
    public static TerminalContent Copy(PseudoTerminal terminal, SafeFileHandle slave)
    {
        TerminalContent output = terminal.HasOutput ? None with { Output = TakeOutput(terminal) } : None;
        output.PutOutput(terminal, slave);
        TerminalModes modes = terminal.Modes;
        TerminalContent input = None;
        try
        {
            TakeInput(terminal, slave, modes, ref input);
        }
        finally
        {
            input.PutInput(terminal, slave, modes);
        }

        return input with { Output = output.Output };
    }

    /// <summary>Puts it into a terminal that holds nothing.</summary>
    internal void Put(PseudoTerminal terminal, SafeFileHandle slave)
    {
        PutOutput(terminal, slave);
        if (!IsEmpty)
        {
            PutInput(terminal, slave, terminal.Modes);
        }
    }

    private static byte[] TakeOutput(PseudoTerminal terminal)
    {
        bool packets = terminal.IsInPacketMode;
        terminal.IsInPacketMode = false;
        try
        {
            return terminal.ReadOutput();
        }
        finally
        {
            terminal.IsInPacketMode = packets;
        }
    }

    private void PutOutput(PseudoTerminal terminal, SafeFileHandle slave)
    {
        if (Output.IsEmpty)
        {
            return;
        }

        TerminalModes modes = terminal.Modes;
        terminal.Modes = modes.WithPlainOutput;
        terminal.WriteOutput(slave, Output.Span);
        terminal.Modes = modes;
    }

    private static void TakeInput(PseudoTerminal terminal, SafeFileHandle slave, TerminalModes modes, ref TerminalContent taken)
    {
        // In packet mode the master would be told of the change.
        bool packets = terminal.IsInPacketMode;
        terminal.IsInPacketMode = false;
        try
        {
            if (modes.IsCanonical)
            {
                terminal.Modes = modes.ForFilling;
                List<ReadOnlyMemory<byte>> lines = [];
                taken = taken with { Lines = lines };
                while (terminal.ReadLine(slave) is { } line)
                {
                    lines.Add(line);
                }
            }

            terminal.Modes = modes.ForDraining;
            taken = taken with { Input = terminal.ReadInput(slave) };
        }
        finally
        {
            terminal.IsInPacketMode = packets;
        }
    }

    private void PutInput(PseudoTerminal terminal, SafeFileHandle slave, TerminalModes modes)
    {
        bool packets = terminal.IsInPacketMode;
        terminal.IsInPacketMode = false;
        terminal.Modes = modes.ForFilling;
        int room = MostInput;
        List<byte> beyond = [];
        foreach (ReadOnlyMemory<byte> line in Lines)
        {
            bool ends = line.Span is [.., (byte)'\n'];
            foreach (byte typed in ends ? line.Span[..^1] : line.Span)
            {
                Type(typed, isLiteral: true);
            }

            Type(ends ? (byte)'\n' : TerminalModes.EndOfFile, isLiteral: false);
        }

        foreach (byte typed in Input.Span)
        {
            Type(typed, isLiteral: modes.IsCanonical);
        }

        terminal.Modes = modes;
        terminal.WriteInput([.. beyond]);
        terminal.IsInPacketMode = packets;

        void Type(byte typed, bool isLiteral)
        {
            if (room == 0)
            {
                beyond.Add(typed);
                return;
            }

            room--;
            if (isLiteral && typed is (byte)'\n' or TerminalModes.Literal or TerminalModes.EndOfFile)
            {
                terminal.Insert(slave, TerminalModes.Literal);
            }

            terminal.Insert(slave, typed);
        }
    }
}
