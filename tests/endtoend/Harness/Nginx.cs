using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>An nginx of one test: it gives the files of the test's directory, on a port of its own.</summary>
internal sealed class Nginx : IDisposable
{
    private const string Program = "/usr/sbin/nginx";
    private static readonly Lazy<string> s_certificate = new(MakeCertificate);
    private readonly Subject _subject;
    private readonly string _configuration;
    private RunningProcess _process;

    private Nginx(Subject subject, int port, bool isEncrypted)
    {
        _subject = subject;
        Url = string.Create(CultureInfo.InvariantCulture, $"{(isEncrypted ? "https" : "http")}://localhost:{port}/");
        string folder = Directory.CreateDirectory(subject.Scratch.File("nginx")).FullName;
        _configuration = Path.Combine(folder, "nginx.conf");
        string tls = $"ssl_certificate {s_certificate.Value}; ssl_certificate_key {s_certificate.Value}.key;";
        File.WriteAllText(_configuration, $$"""
            user root; daemon off; master_process off; pid {{folder}}/pid; error_log {{folder}}/error.log;
            events { worker_connections 256; }
            http {
                access_log {{folder}}/access.log;
                client_body_temp_path {{folder}}; proxy_temp_path {{folder}}; fastcgi_temp_path {{folder}}; uwsgi_temp_path {{folder}}; scgi_temp_path {{folder}};
                server { listen 127.0.0.1:{{port.ToString(CultureInfo.InvariantCulture)}}{{(isEncrypted ? " ssl" : "")}}; root {{subject.Scratch.Folder}}; {{(isEncrypted ? tls : "")}} }
            }
            """);
        _process = Run();
    }

    /// <summary>Where the directory is, with a slash at the end.</summary>
    internal string Url { get; }

    /// <summary>What was asked for, a line each.</summary>
    internal string[] Requests => File.ReadAllLines(Path.Combine(Path.GetDirectoryName(_configuration)!, "access.log"));

    internal static Nginx Start(Subject subject, bool isEncrypted = false)
    {
        Assert.SkipUnless(File.Exists(Program), "nginx is not installed");
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        return new Nginx(subject, port, isEncrypted);
    }

    /// <summary>Kills it in the middle of whatever it does.</summary>
    internal void Kill()
    {
        _process.Signal(Signals.Kill);
        _process.WaitForExit();
    }

    internal void StartAgain() => _process = Run();

    public void Dispose() => _process.Dispose();

    private RunningProcess Run()
    {
        RunningProcess process = RunningProcess.Start(_subject.Scratch.File("nginx/run"), _subject.Scratch.Folder, Program, "-c", _configuration);
        Uri url = new(Url);
        _subject.Await("nginx listens", () => process.HasExited || Listens(url.Port), process.Describe);
        Assert.False(process.HasExited, process.Describe());
        return process;
    }

    private static bool Listens(int port)
    {
        try
        {
            using TcpClient client = new("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // The programs that are tested trust what SSL_CERT_FILE names.
    private static string MakeCertificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        string path = Path.Combine(Repository.Artifacts, "localhost.pem");
        File.WriteAllText(path, certificate.ExportCertificatePem());
        File.WriteAllText(path + ".key", key.ExportPkcs8PrivateKeyPem());
        Environment.SetEnvironmentVariable("SSL_CERT_FILE", path);
        return path;
    }
}
