using LazyRestore.Agent;
using LazyRestore.ImageFormat;

namespace LazyRestore.Tools.Output;

/// <summary>A failure as it is told: what failed, why, what to do, and the exit code that says so.</summary>
internal sealed record FailureReport
{
    /// <summary>The exit code.</summary>
    public required int ExitCode { get; init; }

    /// <summary>What failed.</summary>
    public required string Message { get; init; }

    /// <summary>What to do about it; null when the message says it.</summary>
    public string? Hint { get; init; }

    /// <summary>The system call that failed; null when none did.</summary>
    public string? Call { get; init; }

    /// <summary>The error number of that call.</summary>
    public int? Errno { get; init; }

    /// <summary>The record of the image that is damaged.</summary>
    public string? Record { get; init; }

    /// <summary>Where in the image it is damaged, in bytes.</summary>
    public long? Offset { get; init; }

    /// <summary>Where in the program it happened; only told when asked for.</summary>
    public string? Trace { get; init; }

    /// <summary>Tells of an exception.</summary>
    public static FailureReport Of(Exception exception) => exception switch
    {
        NativeException native => Of(native) with { Call = native.Call, Errno = native.Errno },
        ImageDamagedException damaged => Of(damaged) with { Record = damaged.Record, Offset = damaged.Offset },
        LazyRestoreException known => Of(known),
        OperationCanceledException => new FailureReport
        {
            ExitCode = (int)FailureReason.Interrupted,
            Message = "interrupted",
        },
        FileNotFoundException or DirectoryNotFoundException => Of(exception, "Check the path."),
        UnauthorizedAccessException => Of(exception, "Run as root, or as the owner of the file."),
        IOException => Of(exception, hint: null),
        _ => Of(exception, "This is a defect of lazyrestore; run again with -vv for the place and report it.") with
        {
            Message = $"unexpected {exception.GetType().Name}: {exception.Message}",
        },
    };

    /// <summary>The failure for programs.</summary>
    public Field[] Fields() =>
    [
        new("reason", null, Value.Text(ReasonName)),
        new("exit_code", null, Value.Count(ExitCode)),
        new("message", null, Value.Text(Message)),
        new("hint", null, Value.Text(Hint)),
        new("call", null, Value.Text(Call)),
        new("errno", null, Errno is { } errno ? Value.Count(errno) : Value.None),
        new("record", null, Value.Text(Record)),
        new("offset", null, Offset is { } offset ? Value.Count(offset) : Value.None),
    ];

    private string ReasonName => (FailureReason)ExitCode switch
    {
        FailureReason.Usage => "usage",
        FailureReason.Unsupported => "unsupported",
        FailureReason.DamagedImage => "damaged_image",
        FailureReason.SourceUnreachable => "source_unreachable",
        FailureReason.Interrupted => "interrupted",
        _ => "failed",
    };

    private static FailureReport Of(LazyRestoreException known) => new()
    {
        ExitCode = known.ExitCode,
        Message = known.Message,
        Hint = known.Remedy,
        Trace = known.ToString(),
    };

    private static FailureReport Of(Exception exception, string? hint) => new()
    {
        ExitCode = (int)FailureReason.Failed,
        Message = exception.Message,
        Hint = hint,
        Trace = exception.ToString(),
    };
}
