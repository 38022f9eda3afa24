using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>Programs of the distribution that consist of several processes.</summary>
public sealed class TreeProgramTests
{
    [Theory]
    [InlineData("bash", "jobs.bash", Mode.Lazy)]
    [InlineData("bash", "jobs.bash", Mode.Eager)]
    [InlineData("python3", "workers.py", Mode.Lazy)]
    [InlineData("python3", "workers.py", Mode.Demand)]
    public void ScriptGoesOn(string interpreter, string script, Mode mode)
    {
        string program = Installed(interpreter);
        using Subject subject = Subject.Start(LazyRestoreBinary.Native, folder => [program, Path.Combine(Repository.Targets, script), folder]);
        subject.Dump();
        subject.Restore(mode);
        subject.Verify();
    }

    /// <summary>Master and workers answer as before; a restore that fails halfway leaves none of them.</summary>
    [Fact]
    public async Task NginxServesOn()
    {
        string nginx = Installed("nginx");
        int port = FreePort();
        using Subject subject = Subject.StartUnready(LazyRestoreBinary.Native, folder =>
        {
            File.WriteAllText(Path.Combine(folder, "nginx.conf"), Configuration(folder, port));
            return [nginx, "-p", folder, "-c", Path.Combine(folder, "nginx.conf")];
        });
        Uri address = new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/"));
        subject.Await("nginx answers", () => Answer(address) == "as before");
        Assert.Equal(3, Members(subject.Pid).Count);
        subject.Dump();

        using (Socket taken = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            taken.Bind(new IPEndPoint(IPAddress.Loopback, port));
            taken.Listen();
            CommandResult refused = subject.Tool("restore", "-d", subject.Image);
            Assert.True(refused.ExitCode is 1 or 3, refused.ToString());
            subject.Await("nothing is left", () => Members(subject.Pid).Count == 0);
        }

        subject.Restore();
        for (int request = 0; request < 20; request++)
        {
            Assert.Equal("as before", await AnswerAsync(address));
        }

        // The master replaces its workers, which end as children do.
        const int HangUp = 1;
        IReadOnlyList<int> before = Members(subject.Pid);
        Assert.Equal(3, before.Count);
        Signals.Send(subject.Pid, HangUp);
        subject.Await("the workers are others", () => Members(subject.Pid) is { Count: 3 } now && now.Except(before).Count() == 2);
        Assert.Equal("as before", await AnswerAsync(address));

        // A master that is killed would leave its workers behind.
        const int Terminate = 15;
        Signals.Send(subject.Pid, Terminate);
        subject.Await("all have ended", () => Members(subject.Pid).Count == 0);
    }

    private static string Configuration(string folder, int port) => string.Create(CultureInfo.InvariantCulture, $$"""
        daemon off;
        worker_processes 2;
        pid {{folder}}/nginx.pid;
        error_log {{folder}}/error.log;
        events { worker_connections 64; }
        http {
            access_log off;
            client_body_temp_path {{folder}}/body;
            proxy_temp_path {{folder}}/proxy;
            fastcgi_temp_path {{folder}}/fastcgi;
            uwsgi_temp_path {{folder}}/uwsgi;
            scgi_temp_path {{folder}}/scgi;
            server {
                listen 127.0.0.1:{{port}};
                location / { return 200 "as before"; }
            }
        }
        """);

    private static async Task<string> AnswerAsync(Uri address)
    {
        using HttpClient client = new() { Timeout = Deadline.Usual };
        return await client.GetStringAsync(address, TestContext.Current.CancellationToken);
    }

    private static string Answer(Uri address)
    {
        try
        {
            return AnswerAsync(address).GetAwaiter().GetResult();
        }
        catch (HttpRequestException)
        {
            return "";
        }
    }

    // Those of the session that the first one leads.
    private static IReadOnlyList<int> Members(int session) =>
        [.. Proc.All.Where(pid => Proc.IsAlive(pid) && Proc.Session(pid) == session).Order()];

    private static int FreePort()
    {
        using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    private static string Installed(string name)
    {
        string? path = new[] { "/usr/bin", "/usr/sbin" }.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(path is null, $"{name} is not installed");
        return path!;
    }
}
