using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using LazyRestore.Agent.Server;
using LazyRestore.Agent.Sources.Remote;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary><c>lazyrestore serve PATH --listen URL</c>.</summary>
internal sealed class ServeCommand : Verb
{
    /// <summary>The name of the verb.</summary>
    public const string VerbName = "serve";

    // Reads that wait for a disk each take a thread.
    private const int LeastThreads = 16;

    private readonly Argument<string> _path = new("PATH") { Description = "An image, or a folder with images" };

    private readonly Option<string[]> _listen = new("--listen")
    {
        Description = "Where clients connect; may be repeated. tcp:// is not encrypted, so it has to be an address of this host alone (loopback)",
        HelpName = "tls://HOST:PORT|tcp://HOST:PORT|unix:SOCKET",
    };

    private readonly Option<bool> _stdio = new("--stdio")
    {
        Description = "Serve one client on standard input and output, as through ssh",
    };

    private readonly Option<string> _tokenFile = new("--token-file")
    {
        Description = "Serve only clients that know the token in the first line of FILE",
        HelpName = "FILE",
    };

    private readonly Option<string> _certificate = new("--tls-cert")
    {
        Description = "For tls:// the server's certificate, and those between it and its authority, in PEM",
        HelpName = "FILE",
    };

    private readonly Option<string> _key = new("--tls-key")
    {
        Description = "Its private key, in PEM; without it, the certificate's file has it",
        HelpName = "FILE",
    };

    private readonly Option<string> _authority = new("--tls-ca")
    {
        Description = "Serve only clients whose certificate is signed by one of those in FILE, in PEM",
        HelpName = "FILE",
    };

    private readonly Option<bool> _insecure = new("--insecure")
    {
        Description = "Let tcp:// be any address: whoever is on the way reads the memory, and the token",
    };

    /// <summary>Creates the verb.</summary>
    public ServeCommand(CommandContext context)
        : base(
            context, VerbName, "Serve images to restores elsewhere; SIGTERM ends it once all is sent that was asked for",
            new("lazyrestore serve redis.ckpt --listen tcp://127.0.0.1:9100", "one image"),
            new("lazyrestore serve /images --listen unix:/run/images.sock", "every image of a folder"),
            new("lazyrestore serve /images --listen tls://0.0.0.0:9100 --tls-cert cert.pem --tls-key key.pem --token-file token", "to other hosts"),
            new("ssh host lazyrestore serve --stdio redis.ckpt", "what restore ssh://host/redis.ckpt does"))
    {
        Validators.Add(result =>
        {
            string[] urls = result.GetValue(_listen) ?? [];
            if (urls.Length > 0 == result.GetValue(_stdio))
            {
                result.AddError("give either --listen or --stdio");
            }

            foreach (string url in urls)
            {
                if (Problem(url, result.GetValue(_insecure), hasCertificate: result.GetResult(_certificate) is not null) is { } problem)
                {
                    result.AddError(problem);
                }
            }
        });
        Add(_path);
        Add(_listen);
        Add(_stdio);
        Add(_tokenFile);
        Add(_certificate);
        Add(_key);
        Add(_authority);
        Add(_insecure);
    }

    /// <inheritdoc/>
    protected override bool WritesDataToOutput(ParseResult parse) => parse.GetValue(_stdio);

    /// <inheritdoc/>
    protected override int Run(ParseResult parse, Reporter reporter)
    {
        string path = parse.GetRequiredValue(_path);
        if (!File.Exists(path) && !Directory.Exists(path))
        {
            throw new FileNotFoundException($"{path} is neither an image nor a folder");
        }

        ThreadPool.SetMinThreads(LeastThreads, LeastThreads);
        using Interruption interruption = new();
        PageServerOptions options = new()
        {
            TokenFile = parse.GetValue(_tokenFile),
            Certificate = parse.GetValue(_certificate),
            Key = parse.GetValue(_key),
            ClientAuthority = parse.GetValue(_authority),
        };
        using PageServer server = new(path, options, reporter.Info);
        if (parse.GetValue(_stdio))
        {
            using FileStream input = new("/dev/stdin", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            using FileStream output = new("/dev/stdout", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            server.ServeAsync(input, output, interruption.Token).GetAwaiter().GetResult();
            return 0;
        }

        string[] urls = parse.GetRequiredValue(_listen);
        Socket[] listeners = [.. urls.Select(Listener.Open)];
        foreach ((Socket listener, string url) in listeners.Zip(urls))
        {
            string address = listener.LocalEndPoint is IPEndPoint ip ? $"{(IsEncrypted(url) ? "tls" : "tcp")}://{ip}" : url;
            reporter.Event("listening", $"listening at {address}", new Field("address", null, Value.Text(address)));
        }

        Task.WhenAll(listeners.Zip(urls).Select(pair => server.ListenAsync(pair.First, IsEncrypted(pair.Second), interruption.Token))).GetAwaiter().GetResult();
        foreach (Socket listener in listeners)
        {
            listener.Dispose();
        }

        foreach (string url in urls)
        {
            Listener.Remove(url);
        }

        return 0;
    }

    private static bool IsEncrypted(string url) => RemoteLocation.Parse(url).IsEncrypted;

    private static string? Problem(string url, bool isInsecure, bool hasCertificate)
    {
        try
        {
            RemoteLocation location = RemoteLocation.Parse(url);
            return location.SocketPath is not null ? null
                : location.Host is null || !IPAddress.TryParse(location.Host, out IPAddress? address) ? $"'{url}' is no address to listen at"
                : location.IsEncrypted ? (hasCertificate ? null : $"'{url}' needs --tls-cert")
                : isInsecure || IPAddress.IsLoopback(address) ? null
                : $"'{url}' is no loopback address; without encryption nothing else is listened at (use tls://, ssh://, or --insecure)";
        }
        catch (LazyRestoreException problem)
        {
            return problem.Message;
        }
    }
}
