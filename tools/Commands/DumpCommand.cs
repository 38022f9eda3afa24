using System.CommandLine;
using LazyRestore.ImageFormat;
using LazyRestore.Tools.Dump;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary><c>lazyrestore dump PID -o IMAGE</c>.</summary>
internal sealed class DumpCommand : Verb
{
    /// <summary>The name of the verb.</summary>
    public const string VerbName = "dump";

    private readonly Argument<int> _pid = new("PID")
    {
        Description = "The process to save",
        CustomParser = Numbers.ProcessId,
    };

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "Where the image goes; - is standard output",
        HelpName = "IMAGE",
    };

    private readonly Option<bool> _dryRun = new("--dry-run")
    {
        Description = "Only tell what would and would not be saved; the process is not stopped. Exit code 3 when it cannot be saved",
    };

    private readonly Option<bool> _leaveRunning = new("--leave-running", "-R")
    {
        Description = "Let the process go on afterwards, instead of ending it once the image is safe on disk",
    };

    private readonly Option<bool> _snapshot = new("--snapshot")
    {
        Description = "Freeze the process only until it is copied; it goes on at once, and the copy is saved in the background",
    };

    private readonly Option<bool> _leaveStopped = new("--leave-stopped")
    {
        Description = "Leave the process stopped afterwards; SIGCONT lets it go on",
    };

    private readonly Option<string> _compress = new("--compress")
    {
        Description = "How memory is stored; none lets a restore map it straight from the file",
        HelpName = "none|lz4|zstd",
        DefaultValueFactory = _ => "none",
    };

    private readonly Option<bool> _direct = new("--direct")
    {
        Description = "Write around the page cache (O_DIRECT), and leave there what other programs have in it",
    };

    private readonly Option<bool> _inheritStdio = new("--inherit-stdio")
    {
        Description = "Where standard streams lead outside (terminal, pipe), let the process have those of the restore later",
    };

    private readonly Option<bool> _shellJob = new("--shell-job")
    {
        Description = "Save a job of a shell in a terminal; restore --shell-job gives it the terminal that it is started from",
    };

    private readonly Option<bool> _tcpEstablished = new("--tcp-established")
    {
        Description = "Save TCP connections; they go on after the restore. Until then a rule of the packet filter keeps their peers waiting",
    };

    private readonly Option<bool> _tcpClose = new("--tcp-close")
    {
        Description = "Do not save TCP connections; the restored process finds them closed (ECONNABORTED)",
    };

    /// <summary>Creates the verb.</summary>
    public DumpCommand(CommandContext context)
        : base(
            context, VerbName, "Save a process in an image; it ends once the image is safe on disk",
            new("lazyrestore dump 4711 -o redis.ckpt", "save process 4711 and end it"),
            new("lazyrestore dump 4711 -R -o redis.ckpt", "save it and let it go on"),
            new("lazyrestore dump 4711 --snapshot -o redis.ckpt", "save it as it is now, and let it go on before that is done"),
            new("lazyrestore dump 4711 --dry-run", "tell whether it can be saved, and what keeps it from that"),
            new("lazyrestore dump 4711 -o - --compress zstd | ssh host 'cat > redis.ckpt'", "send the image elsewhere"))
    {
        _compress.AcceptOnlyFromAmong("none", "lz4", "zstd");
        Validators.Add(result =>
        {
            foreach (Option<bool> running in (Option<bool>[])[_leaveRunning, _snapshot])
            {
                if (result.GetResult(running) is { Implicit: false } && result.GetResult(_leaveStopped) is { Implicit: false })
                {
                    result.AddError($"{running.Name} and --leave-stopped exclude each other");
                }
            }

            if (result.GetValue(_dryRun) == (result.GetResult(_output) is not null))
            {
                result.AddError("either --output names the image, or --dry-run writes none");
            }

            if (result.GetValue(_tcpEstablished) && result.GetValue(_tcpClose))
            {
                result.AddError("--tcp-established and --tcp-close exclude each other");
            }

            if (result.GetValue(_direct) && result.GetValue(_output) is "-")
            {
                result.AddError("--direct wants a file: name one with --output");
            }
        });
        Add(_pid);
        Add(_output);
        Add(_dryRun);
        Add(_leaveRunning);
        Add(_snapshot);
        Add(_leaveStopped);
        Add(_compress);
        Add(_direct);
        Add(_inheritStdio);
        Add(_shellJob);
        Add(_tcpEstablished);
        Add(_tcpClose);
    }

    /// <inheritdoc/>
    protected override bool WritesDataToOutput(ParseResult parse) => parse.GetValue(_output) is "-";

    /// <inheritdoc/>
    protected override int Run(ParseResult parse, Reporter reporter)
    {
        if (parse.GetValue(_dryRun))
        {
            DryRunResult found = DryRun.Run(parse.GetRequiredValue(_pid), ChoicesOf(parse));
            reporter.Result(DryRunReport.Of(found));
            return found.Refusals.Count == 0 ? 0 : (int)FailureReason.Unsupported;
        }

        DumpOptions options = OptionsOf(parse);
        if (options.Output is "-" && reporter.Streams.OutputIsTerminal)
        {
            throw new LazyRestoreException(
                FailureReason.Usage, "an image would go to the terminal", "Redirect standard output, or name a file with -o.");
        }

        using Interruption interruption = new();
        try
        {
            DumpResult result = Dumper.Run(options, new DumpProgress(reporter, options.Pid), interruption.Token);
            reporter.Result(DumpReport.Of(options, result));
            return 0;
        }
        catch (OperationCanceledException)
        {
            throw new LazyRestoreException(
                FailureReason.Interrupted, $"interrupted: process {options.Pid} goes on as before, and no image was written");
        }
    }

    private DumpOptions OptionsOf(ParseResult parse) => new()
    {
        Pid = parse.GetRequiredValue(_pid),
        Output = parse.GetRequiredValue(_output),
        LeaveRunning = parse.GetValue(_leaveRunning) || parse.GetValue(_snapshot),
        Snapshot = parse.GetValue(_snapshot),
        LeaveStopped = parse.GetValue(_leaveStopped),
        Caching = parse.GetValue(_direct) ? FileCaching.Direct : FileCaching.Cached,
        Choices = ChoicesOf(parse),
        Codec = parse.GetValue(_compress) switch
        {
            "lz4" => ExtentCodec.Lz4,
            "zstd" => ExtentCodec.Zstd,
            _ => ExtentCodec.None,
        },
    };

    private DumpChoices ChoicesOf(ParseResult parse) => new()
    {
        InheritStdio = parse.GetValue(_inheritStdio),
        ShellJob = parse.GetValue(_shellJob),
        Tcp = parse.GetValue(_tcpEstablished) ? TcpPolicy.Save : parse.GetValue(_tcpClose) ? TcpPolicy.Close : TcpPolicy.Refuse,
    };
}
