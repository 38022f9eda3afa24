using System.CommandLine;
using LazyRestore.Agent.Sources;
using LazyRestore.ImageFormat;
using LazyRestore.Tools.Input;
using LazyRestore.Tools.Inspect;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary><c>lazyrestore inspect IMAGE [SECTION]</c>.</summary>
internal sealed class InspectCommand : Verb
{
    private const string Page = "page";

    private readonly Argument<string> _image = new("IMAGE")
    {
        Description = "The image: a path, tcp://HOST:PORT/NAME, tls://…, unix:SOCKET#NAME, ssh://HOST/PATH, https://…, s3://BUCKET/KEY, or - for standard input",
    };

    private readonly Argument<string> _section = new("SECTION")
    {
        Description = "summary, processes, maps, threads, files, pages, page, or verify, which reads and checks everything",
        DefaultValueFactory = _ => "summary",
    };

    private readonly Argument<ulong?> _address = new("ADDRESS")
    {
        Description = "For page: an address in hexadecimal",
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = Numbers.Address,
    };

    private readonly Option<int?> _process = new("--pid")
    {
        Description = "The process that processes, maps, threads, files and page are about, when the image has several; otherwise the first one",
        HelpName = "PID",
    };

    private readonly SourceOptions _source = new();

    /// <summary>Creates the verb.</summary>
    public InspectCommand(CommandContext context)
        : base(
            context, "inspect", "Look into an image",
            new("lazyrestore inspect redis.ckpt", "what it is, in one screen"),
            new("lazyrestore inspect redis.ckpt maps", "the address space, and what is stored of it"),
            new("lazyrestore inspect nginx.ckpt files --pid 4712", "the descriptors of one process of several"),
            new("lazyrestore inspect redis.ckpt page 0x7f12a4000000", "one page as a hex dump"),
            new("lazyrestore inspect tcp://127.0.0.1:9100/redis.ckpt", "on a page server, without fetching its memory"),
            new("lazyrestore inspect redis.ckpt verify", "exit code 4 when anything in it is damaged"))
    {
        _section.AcceptOnlyFromAmong("summary", "processes", "maps", "threads", "files", "pages", Page, "verify");
        Validators.Add(result =>
        {
            bool given = result.GetResult(_address) is { Tokens.Count: > 0 };
            bool wanted = result.GetResult(_section) is { Tokens: [{ Value: Page }] };
            if (given != wanted)
            {
                result.AddError(wanted ? "the section page needs an ADDRESS" : "only the section page takes an ADDRESS");
            }
        });
        Add(_image);
        Add(_section);
        Add(_address);
        Add(_process);
        _source.AddTo(this, _image);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parse, Reporter reporter)
    {
        using Interruption interruption = new();
        using ImageInput input = ImageInput.Open(_source.Image(parse, _image), reporter.Streams, interruption.Token);
        using CheckpointImage image = ImageOpener.Open(input.Path, interruption.Token);
        Checkpoint process = Find(image.Checkpoint, parse.GetValue(_process));
        reporter.Result(parse.GetRequiredValue(_section) switch
        {
            "processes" => ProcessesSection.Of(image.Checkpoint, process),
            "maps" => MapsSection.Of(image, process),
            "threads" => ThreadsSection.Of(process),
            "files" => FilesSection.Of(process),
            "pages" => PagesSection.Of(image),
            Page => PageSection.Of(image, process, parse.GetValue(_address)!.Value),
            "verify" => VerifySection.Of(image, reporter, interruption.Token),
            _ => SummarySection.Of(image),
        });
        return 0;
    }

    private static Checkpoint Find(Checkpoint image, int? pid) => pid is not { } wanted
        ? image
        : image.Processes.FirstOrDefault(one => one.Process.Pid == wanted) ?? throw new LazyRestoreException(
            FailureReason.Usage,
            $"the image holds no process {wanted}",
            $"Give one of {string.Join(", ", image.Processes.Select(one => one.Process.Pid))}.");
}
