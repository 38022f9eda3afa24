using System.CommandLine;
using LazyRestore.Agent;
using LazyRestore.Agent.Metrics;
using LazyRestore.Agent.Pushing;
using LazyRestore.Restore;
using LazyRestore.Restore.Plan;
using LazyRestore.Tools.Output;
using LazyRestore.Tools.Restoring;

namespace LazyRestore.Tools.Commands;

/// <summary><c>lazyrestore restore IMAGE</c>.</summary>
internal sealed class RestoreCommand : Verb
{
    /// <summary>The name of the verb.</summary>
    public const string VerbName = "restore";

    private readonly CommandContext _context;

    private readonly Argument<string> _image = new("IMAGE")
    {
        Description = "The image: a path, tcp://HOST:PORT/NAME, tls://…, unix:SOCKET#NAME, ssh://HOST/PATH, https://…, s3://BUCKET/KEY, or - for standard input",
    };

    private readonly SourceOptions _source = new();

    private readonly CacheOptions _cache = new();

    private readonly Option<string> _push = new("--push")
    {
        Description = "Take the pages from whoever pushes them to URL, as 'lazyrestore push' does; IMAGE is a file and tells what they have to be. -: from standard input",
        HelpName = "unix:SOCKET|tcp://ADDRESS:PORT|-",
    };

    private readonly Option<bool> _detach = new("--detach", "-d")
    {
        Description = "Return once the process runs and print its PID; memory goes on arriving in the background",
    };

    private readonly Option<string> _pidFile = new("--pidfile")
    {
        Description = "Write the PID to FILE when the process runs",
        HelpName = "FILE",
    };

    private readonly Option<int?> _statusFd = new("--status-fd")
    {
        Description = "Write one NUL byte to descriptor N when the process runs",
        HelpName = "N",
        CustomParser = Numbers.Descriptor,
    };

    private readonly Option<bool> _newPid = new("--new-pid")
    {
        Description = "Take new process and thread IDs, when the old ones are in use",
    };

    private readonly Option<bool> _eager = new("--eager")
    {
        Description = "Fill all memory before the process runs",
    };

    private readonly Option<string> _prefetch = new("--prefetch")
    {
        Description = "How memory arrives in the background; recorded: what a restore with --record saw touched comes first; none: only when touched",
        HelpName = "recorded|linear|none",
        DefaultValueFactory = _ => "recorded",
    };

    private readonly Option<bool> _record = new("--record")
    {
        Description = "Note beside the image, in IMAGE.working-set, what is touched first; later restores bring that first",
    };

    private readonly Option<string> _placement = new("--placement")
    {
        Description = "How pages get into the process; move: remapped in pieces of 2 MiB wherever possible",
        HelpName = "auto|copy|move",
        DefaultValueFactory = _ => "auto",
    };

    private readonly Option<string> _hugePages = new("--huge-pages")
    {
        Description = "Which memory comes back in huge pages; auto: what asked for them, or had some",
        HelpName = "auto|always|never",
        DefaultValueFactory = _ => "auto",
    };

    private readonly Option<string> _onPageError = new("--on-page-error")
    {
        Description = "When a page cannot be had, who touches it waits, gets SIGBUS, or the process is killed",
        HelpName = "wait|sigbus|kill",
        DefaultValueFactory = _ => "wait",
    };

    private readonly Option<TimeSpan> _sourceTimeout = new("--source-timeout")
    {
        Description = "How long a thread waits for a page from elsewhere before --on-page-error comes into play, and how long to wait for an image elsewhere to be opened, 10 at most; without it, a thread waits as long as it takes",
        HelpName = "SECONDS",
        CustomParser = Numbers.Seconds,
        DefaultValueFactory = _ => Timeout.InfiniteTimeSpan,
    };

    private readonly Option<bool> _shellJob = new("--shell-job")
    {
        Description = "Make this terminal the one of a process that was saved with dump --shell-job",
    };

    private readonly Option<bool> _tcpClose = new("--tcp-close")
    {
        Description = "Do not make TCP connections again; the process finds them closed (ECONNABORTED)",
    };

    private readonly Option<Dictionary<int, string>> _inheritFd = new("--inherit-fd")
    {
        Description = "Open FILE as descriptor N, in place of what the process had there; may be given several times",
        HelpName = "N:FILE",
        CustomParser = Assignments.Descriptors,
    };

    private readonly Option<(string Old, string New)[]> _fileMap = new("--file-map")
    {
        Description = "Take NEW for the file or directory OLD, and what is below it; may be given several times, and the first that fits counts",
        HelpName = "OLD=NEW",
        CustomParser = Assignments.Paths,
    };

    private readonly Option<MetricsAddress?> _metrics = MetricsOption.Create();

    private readonly Option<string> _agent = ControlOption.Create("--agent", "Let the agent service at this socket serve the process once it runs");

    // Given by a detaching restore to the copy of itself that does the work; of no use to anyone else.
    private readonly Option<int?> _reportFd = new("--report-fd")
    {
        Hidden = true,
        CustomParser = Numbers.Descriptor,
    };

    /// <summary>Creates the verb.</summary>
    public RestoreCommand(CommandContext context)
        : base(
            context, VerbName, "Bring a process back; it runs at once, its memory still arriving",
            new("lazyrestore restore redis.ckpt", "in the foreground; exits with the status of the process"),
            new("lazyrestore restore -d --pidfile redis.pid redis.ckpt", "in the background"),
            new("lazyrestore restore tcp://127.0.0.1:9100/redis.ckpt", "from a page server, its memory arriving through the network"),
            new("lazyrestore restore tls://a:9100/redis.ckpt --from tls://b:9100/redis.ckpt --token-file token", "from one server or the other"),
            new("lazyrestore restore https://images.example/redis.ckpt", "from a web server, or from an object store with s3://bucket/redis.ckpt"),
            new("lazyrestore restore --cache /var/cache/lazyrestore s3://bucket/redis.ckpt", "the next time without fetching it again"),
            new("lazyrestore restore redis.ckpt --via 'ssh host lazyrestore serve --stdio /images'", "through any command"),
            new("lazyrestore restore redis.ckpt --push unix:/run/redis.push", "its memory pushed by any program that speaks MessagePack"),
            new("ssh host cat redis.ckpt | lazyrestore restore -", "from standard input"))
    {
        _context = context;
        _prefetch.AcceptOnlyFromAmong("recorded", "linear", "none");
        _placement.AcceptOnlyFromAmong("auto", "copy", "move");
        _hugePages.AcceptOnlyFromAmong("auto", "always", "never");
        _onPageError.AcceptOnlyFromAmong("wait", "sigbus", "kill");
        Validators.Add(result =>
        {
            if (result.GetValue(_shellJob) && result.GetValue(_detach))
            {
                result.AddError("--shell-job and --detach exclude each other: a job of the terminal has it while lazyrestore waits");
            }

            if (result.GetResult(_record) is { Implicit: false }
                && (result.GetResult(_eager) is { Implicit: false } || result.GetValue(_image) is "-"
                    || _source.IsElsewhere(result, _image)))
            {
                result.AddError("--record needs an image in a file, and excludes --eager: it notes what is touched while memory is missing");
            }
        });
        Validators.Add(result =>
        {
            if (result.GetValue(_push) is not { } url)
            {
                return;
            }

            if (PushLocation.Problem(url) is { } problem)
            {
                result.AddError($"--push: {problem}");
            }

            if (_source.IsElsewhere(result, _image) || result.GetValue(_image) is "-")
            {
                result.AddError("--push needs an image in a file");
            }

            if (result.GetValue(_record) || result.GetResult(_agent) is { Implicit: false }
                || (url is PushLocation.StandardInput && result.GetValue(_detach)))
            {
                result.AddError("--push excludes --record and --agent, and --push - excludes --detach");
            }
        });
        Validators.Add(result =>
        {
            if (result.GetResult(_agent) is { Implicit: false }
                && (result.GetResult(_record) is { Implicit: false } || result.GetResult(_metrics) is { Implicit: false }
                    || result.GetValue(_onPageError) is "kill" || result.GetValue(_image) is "-"))
            {
                result.AddError("--agent excludes --record, --metrics, --on-page-error kill and standard input: they end with this command");
            }
        });
        Add(_image);
        Add(_push);
        Add(_detach);
        Add(_pidFile);
        Add(_statusFd);
        Add(_newPid);
        Add(_eager);
        Add(_prefetch);
        Add(_record);
        Add(_placement);
        Add(_hugePages);
        Add(_onPageError);
        Add(_shellJob);
        Add(_tcpClose);
        Add(_inheritFd);
        Add(_fileMap);
        Add(_sourceTimeout);
        _source.AddTo(this, _image);
        _cache.AddTo(this, result => _source.IsElsewhere(result, _image));
        Add(_metrics);
        Add(_agent);
        Add(_reportFd);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parse, Reporter reporter)
    {
        RestoreSettings settings = SettingsOf(parse);
        return (parse.GetValue(_reportFd), parse.GetValue(_detach)) switch
        {
            ({ } reportFd, _) => BackgroundRestore.Run(settings, reportFd, reporter),
            (null, true) => DetachedRestore.Run(_context.Arguments, reporter),
            _ => ForegroundRestore.Run(settings, reporter),
        };
    }

    private RestoreSettings SettingsOf(ParseResult parse) => new()
    {
        Image = parse.GetValue(_push) is { } url
            ? new PushLocation(url, Path.GetFullPath(parse.GetRequiredValue(_image))).Text
            : _cache.Applied(parse, _source.Image(parse, _image)),
        Metrics = parse.GetValue(_metrics),
        AgentSocket = parse.GetValue(_agent),
        PidFile = parse.GetValue(_pidFile),
        StatusFd = parse.GetValue(_statusFd),
        NewPid = parse.GetValue(_newPid),
        ShellJob = parse.GetValue(_shellJob),
        Eager = parse.GetValue(_eager),
        Hydration = parse.GetValue(_prefetch) is "none" ? HydrationOrder.None : HydrationOrder.Linear,
        FollowWorkingSet = parse.GetValue(_prefetch) is "recorded",
        RecordWorkingSet = parse.GetValue(_record),
        Placement = parse.GetValue(_placement) switch
        {
            "copy" => PlacementPolicy.Copy,
            "move" => PlacementPolicy.Move,
            _ => PlacementPolicy.Auto,
        },
        HugePages = parse.GetValue(_hugePages) switch
        {
            "always" => HugePagePolicy.Always,
            "never" => HugePagePolicy.Never,
            _ => HugePagePolicy.Auto,
        },
        Replacements = new Replacements
        {
            CloseConnections = parse.GetValue(_tcpClose),
            Descriptors = parse.GetValue(_inheritFd) ?? [],
            Paths = parse.GetValue(_fileMap) ?? [],
        },
        OnPageError = parse.GetValue(_onPageError) switch
        {
            "kill" => PageErrorPolicy.Kill,
            "sigbus" => PageErrorPolicy.SigBus,
            _ => PageErrorPolicy.Wait,
        },
        SourcePatience = parse.GetValue(_sourceTimeout),
    };
}
