using System.Globalization;

namespace LazyRestore.Tools.Dump.Proc;

/// <summary>What /proc/PID/stat tells, proc_pid_stat(5).</summary>
public sealed record StatText
{
    /// <summary>The parent.</summary>
    public required int ParentPid { get; init; }

    /// <summary>The process group.</summary>
    public required int ProcessGroup { get; init; }

    /// <summary>The session.</summary>
    public required int Session { get; init; }

    /// <summary>The device of the controlling terminal; 0 for none.</summary>
    public required int Terminal { get; init; }

    /// <summary>The process group in the foreground of that terminal; -1 for none.</summary>
    public required int ForegroundGroup { get; init; }

    /// <summary>How it ended, as wait(2) tells; 0 while it has not, and for those who may not look into it.</summary>
    public required int ExitStatus { get; init; }

    /// <summary>Start and end of the program text.</summary>
    public required (ulong Start, ulong End) Code { get; init; }

    /// <summary>Where the stack began.</summary>
    public required ulong StartStack { get; init; }

    /// <summary>Start and end of the initialised data.</summary>
    public required (ulong Start, ulong End) Data { get; init; }

    /// <summary>Where the heap begins.</summary>
    public required ulong StartBrk { get; init; }

    /// <summary>Start and end of the command line.</summary>
    public required (ulong Start, ulong End) Arguments { get; init; }

    /// <summary>Start and end of the environment.</summary>
    public required (ulong Start, ulong End) Environment { get; init; }

    /// <summary>Reads the text. The name in its parentheses may hold anything, so fields are counted after the last one.</summary>
    public static StatText Parse(string text)
    {
        string[] fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');

        // The manual counts from 1, and the state, which is first here, is its number 3.
        ulong Field(int number) => ulong.Parse(fields[number - 3], CultureInfo.InvariantCulture);
        return new StatText
        {
            ParentPid = (int)Field(4),
            ProcessGroup = (int)Field(5),
            Session = (int)Field(6),
            Terminal = (int)Field(7),
            ForegroundGroup = int.Parse(fields[8 - 3], CultureInfo.InvariantCulture),
            ExitStatus = (int)Field(52),
            Code = (Field(26), Field(27)),
            StartStack = Field(28),
            Data = (Field(45), Field(46)),
            StartBrk = Field(47),
            Arguments = (Field(48), Field(49)),
            Environment = (Field(50), Field(51)),
        };
    }
}
