using System.Text;
using System.Text.Json;
using LazyRestore.Tools.Output;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Restoring;

/// <summary>The one line of JSON that goes from the background half of a detached restore to the waiting one.</summary>
internal sealed record DetachedReport
{
    /// <summary>The process, when it runs.</summary>
    public int? Pid { get; init; }

    /// <summary>How long it took until it ran.</summary>
    public TimeSpan ToRunning { get; init; }

    /// <summary>Why it does not run; null when it does.</summary>
    public FailureReport? Failure { get; init; }

    /// <summary>Sends a line.</summary>
    public static void Write(SafeFileHandle pipe, string line)
    {
        using FileStream stream = new(pipe, FileAccess.Write, bufferSize: 0);
        stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
    }

    /// <summary>Reads what was sent; an empty text means that the sender ended without a word.</summary>
    public static DetachedReport Parse(string line)
    {
        if (line is "")
        {
            return new DetachedReport { Failure = Silent() };
        }

        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement root = document.RootElement;
        return root.GetProperty("event").GetString() is "running"
            ? new DetachedReport
            {
                Pid = root.GetProperty("pid").GetInt32(),
                ToRunning = TimeSpan.FromMicroseconds(root.GetProperty("to_running_us").GetInt64()),
            }
            : new DetachedReport { Failure = FailureOf(root) };
    }

    private static FailureReport FailureOf(JsonElement root) => new()
    {
        ExitCode = root.GetProperty("exit_code").GetInt32(),
        Message = root.GetProperty("message").GetString()!,
        Hint = root.GetProperty("hint").GetString(),
        Call = root.GetProperty("call").GetString(),
        Errno = root.GetProperty("errno") is { ValueKind: JsonValueKind.Number } errno ? errno.GetInt32() : null,
        Record = root.GetProperty("record").GetString(),
        Offset = root.GetProperty("offset") is { ValueKind: JsonValueKind.Number } offset ? offset.GetInt64() : null,
    };

    private static FailureReport Silent() => new()
    {
        ExitCode = (int)FailureReason.Failed,
        Message = "the restore in the background ended before the process ran",
        Hint = "Restore in the foreground, without --detach, to see why.",
    };
}
