using System.CommandLine;
using LazyRestore.Agent.Pushing;
using LazyRestore.Agent.Sources;
using LazyRestore.ImageFormat;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary><c>lazyrestore push IMAGE --to URL</c>.</summary>
internal sealed class PushCommand : Verb
{
    /// <summary>The name of the verb.</summary>
    public const string VerbName = "push";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly SourceOptions _source = new();

    private readonly Argument<string> _image = new("IMAGE")
    {
        Description = "The image: a path, or elsewhere as for restore",
    };

    private readonly Option<string> _to = new("--to")
    {
        Description = "Where a restore takes pages, its --push; -: standard output",
        HelpName = "unix:SOCKET|tcp://ADDRESS:PORT|-",
        Required = true,
    };

    /// <summary>Creates the verb.</summary>
    public PushCommand(CommandContext context)
        : base(
            context, VerbName, "Push the pages of an image into a restore that takes them",
            new("lazyrestore push redis.ckpt --to unix:/run/redis.push", "until the process that is restored there lacks nothing"),
            new("ssh host lazyrestore push redis.ckpt --to - | lazyrestore restore redis.ckpt --push -", "through a pipe"))
    {
        _to.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } url && PushLocation.Problem(url) is { } problem)
            {
                result.AddError($"--to: {problem}");
            }
        });
        Add(_image);
        Add(_to);
        _source.AddTo(this, _image);
    }

    /// <inheritdoc/>
    protected override bool WritesDataToOutput(ParseResult parse) => parse.GetValue(_to) is PushLocation.StandardInput;

    /// <inheritdoc/>
    protected override int Run(ParseResult parse, Reporter reporter)
    {
        using Interruption interruption = new();
        using CheckpointImage image = ImageOpener.Open(_source.Image(parse, _image), interruption.Token);
        PushClient client = new(image, $"lazyrestore push, process {Environment.ProcessId}");
        string to = parse.GetRequiredValue(_to);
        Task<long> pushing = to is PushLocation.StandardInput
            ? WriteAsync(client, interruption.Token)
            : client.PushAsync(to, s_patience, interruption.Token);
        long pages = pushing.GetAwaiter().GetResult();
        reporter.Event("pushed", $"{pages} pages were pushed", new Field("pages", null, Value.Count(pages)));
        return 0;
    }

    private static async Task<long> WriteAsync(PushClient client, CancellationToken cancellation)
    {
        await using FileStream output = new("/dev/stdout", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        return await client.WriteAsync(output, cancellation).ConfigureAwait(false);
    }
}
