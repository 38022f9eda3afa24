using System.Diagnostics;
using System.Text.Json;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Demo;

/// <summary>Start, fill, dump, restore, compare. Times of a restore count from the start of its command.</summary>
internal sealed class DemoStory(DemoProgram program, string folder, Reporter reporter, CancellationToken cancellation)
{
    private const int SIGKILL = 9;

    private readonly List<DemoStep> _steps = [];
    private readonly string _image = Path.Combine(folder, "demo.ckpt");

    /// <summary>Plays it.</summary>
    /// <returns>What happened; the data were equal.</returns>
    /// <exception cref="LazyRestoreException">A step failed, or the data were not equal.</exception>
    public Document Play()
    {
        Measure("start", () => program.Start(), () => $"{program.Name}, process {program.ProcessId}");
        Measure("fill", Fill, () => "its memory holds random data");
        string before = "";
        Measure("digest", () => before = program.Digest(cancellation), () => before);
        Dump();
        Measure("ended", () => program.AwaitEnd(cancellation), () => $"process {program.ProcessId} is gone");
        string after = Restore();
        return before == after ? Report(after) : throw new LazyRestoreException(
            FailureReason.Failed, $"the data differ: the digest was {before} and is {after}", "This is a defect of lazyrestore; report it.");
    }

    private void Fill()
    {
        program.AwaitAnswer(cancellation);
        program.Fill(cancellation);
    }

    private void Dump()
    {
        JsonElement result = default;
        Measure(
            "dump",
            () =>
            {
                using OwnCommand dump = OwnCommand.Start(cancellation, "dump", $"{program.ProcessId}", "-o", _image);
                result = dump.Await("result");
            },
            () => $"{Readable.Bytes(result.GetProperty("memory_bytes").GetInt64())} saved, "
                + $"frozen for {Readable.Duration(Time(result, "freeze_us"))}");
    }

    private string Restore()
    {
        long start = Stopwatch.GetTimestamp();
        using OwnCommand restore = OwnCommand.Start(cancellation, "restore", _image);
        int pid = 0;
        try
        {
            JsonElement running = restore.Await("running");
            TimeSpan toRunning = Stopwatch.GetElapsedTime(start);
            pid = running.GetProperty("pid").GetInt32();
            Tell(new DemoStep("running", toRunning, $"process {pid} goes on"));
            program.AwaitAnswer(cancellation);
            Tell(new DemoStep("first_answer", Stopwatch.GetElapsedTime(start), "it answers"));
            string digest = program.Digest(cancellation);
            Tell(new DemoStep("compared", Stopwatch.GetElapsedTime(start), digest));

            // This may be heard long after it happened; the restore's own clock started a little after ours.
            TimeSpan afterRunning = Time(restore.Await("resident"), "to_resident_us") - Time(running, "to_running_us");
            Tell(new DemoStep("resident", toRunning + afterRunning, "all memory is there"));
            return digest;
        }
        finally
        {
            // The restore still runs, so that the number is still that process's.
            if (pid > 0)
            {
                Interop.kill(pid, SIGKILL);
                restore.AwaitEnd();
            }
        }
    }

    private static TimeSpan Time(JsonElement element, string name) =>
        TimeSpan.FromMicroseconds(element.GetProperty(name).GetInt64());

    private void Measure(string name, Action work, Func<string> detail)
    {
        cancellation.ThrowIfCancellationRequested();
        long start = Stopwatch.GetTimestamp();
        work();
        Tell(new DemoStep(name, Stopwatch.GetElapsedTime(start), detail()));
    }

    private void Tell(DemoStep step)
    {
        _steps.Add(step);
        reporter.Event(
            "step",
            $"{step.Name}: {step.Detail} ({Readable.Duration(step.Took)})",
            new("step", null, Value.Text(step.Name)),
            new("took_us", null, Value.Duration(step.Took)),
            new("detail", null, Value.Text(step.Detail)));
    }

    private Document Report(string digest) => new()
    {
        Fields =
        [
            new("program", "program", Value.Text(program.Name)),
            new("pid", "process", Value.Count(program.ProcessId)),
            new("equal", "data equal", Value.Flag(true)),
            new("digest", "digest", Value.Text(digest)),
        ],
        Tables =
        [
            new Table
            {
                Name = "steps",
                Columns = [new("step", "STEP"), new("took_us", "TIME", Right: true), new("detail", "WHAT HAPPENED")],
                Rows = [.. _steps.Select(step => new[]
                {
                    Value.Text(step.Name), Value.Duration(step.Took), Value.Text(step.Detail),
                })],
            },
        ],
    };
}
