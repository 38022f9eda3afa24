using System.Globalization;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Tools.Dump.Proc;

/// <summary>Reads /proc/PID/timers: the POSIX timers but for their times, proc_pid_timers(5).</summary>
public static class TimersText
{
    /// <summary>The timers, with times of 0.</summary>
    public static IReadOnlyList<PosixTimer> Parse(string text)
    {
        List<PosixTimer> timers = [];
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = line.Split(':', 2, StringSplitOptions.TrimEntries);
            switch (parts[0])
            {
                case "ID":
                    timers.Add(Unarmed(Decimal(parts[1])));
                    break;
                case "signal":
                    string[] signal = parts[1].Split('/');
                    timers[^1] = timers[^1] with { Signal = Decimal(signal[0]), SignalValue = Pointer(signal[1]) };
                    break;
                case "notify":
                    timers[^1] = WithNotify(timers[^1], parts[1].Split('/', '.'));
                    break;
                case "ClockID":
                    timers[^1] = timers[^1] with { Clock = Decimal(parts[1]) };
                    break;
            }
        }

        return timers;
    }

    // signal/tid.1234, signal/pid.1234, none/pid.1234
    private static PosixTimer WithNotify(PosixTimer timer, string[] words)
    {
        bool toThread = words[1] == "tid";
        int kind = words[0] switch { "signal" => 0, "none" => 1, _ => 2 };
        return timer with { Notify = kind | (toThread ? 4 : 0), ThreadId = toThread ? Decimal(words[2]) : 0 };
    }

    private static PosixTimer Unarmed(int id) => new()
    {
        Id = id,
        Clock = 0,
        Notify = 0,
        Signal = 0,
        SignalValue = 0,
        ThreadId = 0,
        ValueNanoseconds = 0,
        IntervalNanoseconds = 0,
    };

    private static int Decimal(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static ulong Pointer(string text) =>
        ulong.Parse(text.StartsWith("0x") ? text[2..] : text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
