using System.CommandLine;
using System.CommandLine.Parsing;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.Sources.Objects;
using LazyRestore.Agent.Sources.Remote;

namespace LazyRestore.Tools.Commands;

/// <summary>The options of verbs whose image may be elsewhere: the way to it, further servers that have it, and who we are.</summary>
internal sealed class SourceOptions
{
    private readonly Option<string> _via = new("--via")
    {
        Description = "Run COMMAND in a shell and fetch the image IMAGE through its standard streams, as from 'lazyrestore serve --stdio'",
        HelpName = "COMMAND",
    };

    private readonly Option<string[]> _from = new("--from")
    {
        Description = "Another page server that has the same image; may be repeated. It is asked what another does not answer, or wrongly, or late",
        HelpName = "URL",
    };

    private readonly Option<string> _tokenFile = new("--token-file")
    {
        Description = "Prove with the token in FILE that we may have the image",
        HelpName = "FILE",
    };

    private readonly Option<string> _authority = new("--tls-ca")
    {
        Description = "For tls:// the certificates that may have signed the server's, in PEM; without it, those that this host trusts",
        HelpName = "FILE",
    };

    private readonly Option<string> _certificate = new("--tls-cert")
    {
        Description = "For tls:// our own certificate, where the server asks for one, in PEM",
        HelpName = "FILE",
    };

    private readonly Option<string> _key = new("--tls-key")
    {
        Description = "The private key of that certificate, in PEM",
        HelpName = "FILE",
    };

    private readonly Option<string> _s3Endpoint = new("--s3-endpoint")
    {
        Description = "Where the object store of s3:// is; by default what AWS_ENDPOINT_URL or the profile says, and AWS itself otherwise",
        HelpName = "URL",
    };

    /// <summary>Gives the options to a verb.</summary>
    /// <param name="verb">The verb.</param>
    /// <param name="image">Its argument that names the image.</param>
    public void AddTo(Command verb, Argument<string> image)
    {
        foreach (Option option in (Option[])[_via, _from, _tokenFile, _authority, _certificate, _key, _s3Endpoint])
        {
            verb.Add(option);
        }

        verb.Validators.Add(result =>
        {
            if (!IsServed(result, image) && ((Option[])[_from, _tokenFile, _authority, _certificate, _key]).Any(option => result.GetResult(option) is not null))
            {
                result.AddError("--from, --token-file and --tls-… need an image on a page server: tcp://…, tls://…, unix:… or --via");
            }

            string[] from = result.GetValue(_from) ?? [];
            if (from.Length >= RemoteReplicas.Most || !from.All(RemoteLocation.IsRemote))
            {
                result.AddError($"--from takes the URL of a page server, {RemoteReplicas.Most - 1} times at most");
            }
        });
    }

    /// <summary>Whether the image is elsewhere.</summary>
    public bool IsElsewhere(CommandResult result, Argument<string> image) =>
        IsServed(result, image) || ImageOpener.IsElsewhere(result.GetValue(image) ?? "");

    /// <summary>What stands for the image, for whoever opens it.</summary>
    public string Image(ParseResult parse, Argument<string> image)
    {
        string name = parse.GetRequiredValue(image);
        string first = parse.GetValue(_via) is { } command ? RemoteLocation.OfCommand(command, name) : name;
        return RemoteLocation.IsRemote(first)
            ? new RemoteReplicas(
                [RemoteLocation.Parse(first), .. (parse.GetValue(_from) ?? []).Select(RemoteLocation.Parse)],
                new RemoteCredentials
                {
                    TokenFile = FullPath(parse.GetValue(_tokenFile)),
                    Authority = FullPath(parse.GetValue(_authority)),
                    Certificate = FullPath(parse.GetValue(_certificate)),
                    Key = FullPath(parse.GetValue(_key)),
                }).Text
            : parse.GetValue(_s3Endpoint) is { } endpoint && S3Location.Is(first) ? S3Location.WithEndpoint(first, endpoint) : first;
    }

    private bool IsServed(CommandResult result, Argument<string> image) =>
        result.GetResult(_via) is not null || RemoteLocation.IsRemote(result.GetValue(image) ?? "");

    // Another agent may have to find it one day, from another folder.
    private static string? FullPath(string? path) => path is null ? null : Path.GetFullPath(path);
}
