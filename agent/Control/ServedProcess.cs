using LazyRestore.Agent.Protocol;
using MessagePack;

namespace LazyRestore.Agent.Control;

/// <summary>A process of a service.</summary>
public sealed record ServedProcess
{
    /// <summary>Its process ID.</summary>
    public required int Pid { get; init; }

    /// <summary>The first of the processes that were restored together with it: these come and go as one.</summary>
    public required int First { get; init; }

    /// <summary>What the service does for it.</summary>
    public required ProcessState State { get; init; }

    /// <summary>The path or location of its image.</summary>
    public required string Image { get; init; }

    /// <summary>Pages that it lacks.</summary>
    public required long PagesRemaining { get; init; }

    /// <summary>Faults that were read.</summary>
    public required long DemandFaults { get; init; }

    /// <summary>Faults that wait for their page to arrive.</summary>
    public required long WaitingFaults { get; init; }

    /// <summary>What is wrong; empty when nothing is.</summary>
    public string Problem { get; init; } = "";

    /// <summary>Writes it as a map.</summary>
    internal void Write(ref MessagePackWriter writer)
    {
        const int Fields = 8;
        writer.WriteMapHeader(Fields);
        writer.Write("pid");
        writer.Write(Pid);
        writer.Write("first");
        writer.Write(First);
        writer.Write("state");
        writer.Write((int)State);
        writer.Write("image");
        writer.Write(Shortened(Image));
        writer.Write("pages_remaining");
        writer.Write(PagesRemaining);
        writer.Write("demand_faults");
        writer.Write(DemandFaults);
        writer.Write("waiting_faults");
        writer.Write(WaitingFaults);
        writer.Write("problem");
        writer.Write(Shortened(Problem));
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    internal static ServedProcess Read(ref FrameArguments arguments)
    {
        ServedProcess process = new()
        {
            Pid = 0,
            First = 0,
            State = ProcessState.Serving,
            Image = "",
            PagesRemaining = 0,
            DemandFaults = 0,
            WaitingFaults = 0,
        };
        for (int left = arguments.Map(); left > 0; left--)
        {
            process = arguments.Text() switch
            {
                "pid" => process with { Pid = (int)arguments.Number(int.MaxValue) },
                "first" => process with { First = (int)arguments.Number(int.MaxValue) },
                "state" => process with { State = (ProcessState)arguments.Number(int.MaxValue) },
                "image" => process with { Image = arguments.Text() },
                "pages_remaining" => process with { PagesRemaining = (long)arguments.Number(long.MaxValue) },
                "demand_faults" => process with { DemandFaults = (long)arguments.Number(long.MaxValue) },
                "waiting_faults" => process with { WaitingFaults = (long)arguments.Number(long.MaxValue) },
                "problem" => process with { Problem = arguments.Text() },
                _ => Skip(process, ref arguments),
            };
        }

        return process;
    }

    private static ServedProcess Skip(ServedProcess process, ref FrameArguments arguments)
    {
        arguments.Skip();
        return process;
    }

    // Two of them fit into a frame.
    private static string Shortened(string text)
    {
        const int Longest = PageProtocol.LongestName / 4;
        return text.Length <= Longest ? text : text[..Longest];
    }
}
