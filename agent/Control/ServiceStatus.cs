using LazyRestore.Agent.Protocol;
using MessagePack;

namespace LazyRestore.Agent.Control;

/// <summary>A service as a whole, and its processes.</summary>
public sealed record ServiceStatus
{
    /// <summary>The service's process ID.</summary>
    public required int Pid { get; init; }

    /// <summary>How long it has run.</summary>
    public required TimeSpan Uptime { get; init; }

    /// <summary>Whether it takes no further processes, and ends when all have their memory.</summary>
    public required bool IsDraining { get; init; }

    /// <summary>Processes that it took up, again or for the first time, since it runs.</summary>
    public required long Attached { get; init; }

    /// <summary>Processes that have got all of their memory since.</summary>
    public required long Completed { get; init; }

    /// <summary>Its processes.</summary>
    public required IReadOnlyList<ServedProcess> Processes { get; init; }

    /// <summary>Writes it as a map, without its processes.</summary>
    internal void Write(ref MessagePackWriter writer)
    {
        const int Fields = 5;
        writer.WriteMapHeader(Fields);
        writer.Write("pid");
        writer.Write(Pid);
        writer.Write("uptime_us");
        writer.Write((long)Uptime.TotalMicroseconds);
        writer.Write("draining");
        writer.Write(IsDraining);
        writer.Write("attached");
        writer.Write(Attached);
        writer.Write("completed");
        writer.Write(Completed);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    internal static ServiceStatus Read(ref FrameArguments arguments)
    {
        int pid = 0;
        TimeSpan uptime = TimeSpan.Zero;
        bool isDraining = false;
        (long attached, long completed) = (0, 0);
        for (int left = arguments.Map(); left > 0; left--)
        {
            switch (arguments.Text())
            {
                case "pid": pid = (int)arguments.Number(int.MaxValue); break;
                case "uptime_us": uptime = TimeSpan.FromMicroseconds((long)arguments.Number(long.MaxValue / TimeSpan.TicksPerMicrosecond)); break;
                case "draining": isDraining = arguments.Flag(); break;
                case "attached": attached = (long)arguments.Number(long.MaxValue); break;
                case "completed": completed = (long)arguments.Number(long.MaxValue); break;
                default: arguments.Skip(); break;
            }
        }

        return new ServiceStatus { Pid = pid, Uptime = uptime, IsDraining = isDraining, Attached = attached, Completed = completed, Processes = [] };
    }
}
