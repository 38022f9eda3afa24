using System.Globalization;
using System.Net.Sockets;
using System.Text;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>One agent for many processes.</summary>
public sealed class AgentServiceTests
{
    [Fact]
    public void ItServesWhatIsGivenToItAndDrains()
    {
        using Scratch scratch = new();
        using AgentServiceProcess service = new(scratch, "--metrics", "127.0.0.1:0");
        service.StartAndAwait();
        using Subject one = Start("steady", "32");
        using Subject other = Start("family");
        ProcessSnapshot before = one.Snapshot();
        one.Dump();
        other.Dump();
        one.Restore(Mode.Demand, "--agent", service.Address);
        other.Restore(Mode.Demand, "--agent", service.Address);
        Assert.InRange(service.Number(one.Pid, "pages_remaining"), 1, long.MaxValue);

        // Metrics are those of all processes together.
        service.Await("faults are served", () => service.Number(one.Pid, "demand_faults") > 100);
        Scrape scrape = Scrape.Of(service.MetricsAddress);
        Assert.Equal(2, service.Count("attached"));
        Assert.True(scrape.Sum("lazyrestore_service_processes", "\"serving\"") >= 2);
        Assert.True(scrape.Sum("lazyrestore_page_faults_total") >= 100);
        Assert.True(scrape.Sum("lazyrestore_pages_remaining") > 0);
        Assert.True(scrape.Sum("lazyrestore_placement_choices", "\"only_way\"") >= 2);

        service.Ask("drain").Exits(0);
        Assert.Equal(0, service.WaitForExit());
        one.AwaitAsBefore(before);
        Assert.False(File.Exists(service.SocketPath));
        one.Verify();
        other.Verify();
    }

    [Fact]
    public void WhatIsDetachedWaitsAndCanBeAttachedAgain()
    {
        using Scratch scratch = new();
        using AgentServiceProcess service = new(scratch);
        service.StartAndAwait();
        using Subject subject = Start("ballast", "32");
        string pid = subject.Pid.ToString(CultureInfo.InvariantCulture);
        subject.Dump();
        subject.Restore(Mode.Demand, "--agent", service.Address);
        service.Ask("detach", pid).Exits(0);
        service.Ask("detach", pid).Exits(1).Names(pid);
        File.WriteAllText(subject.Scratch.File("go"), "");
        subject.Await("a thread waits for a page", () => Proc.Threads(subject.Pid).Any(tid =>
            Proc.Text(subject.Pid, $"task/{tid}/wchan").Contains("userfault", StringComparison.Ordinal)));

        // It is nobody's now: a service that starts again leaves it alone.
        service.Kill();
        service.StartAndAwait();
        Assert.DoesNotContain(pid, service.Ask("list").Output, StringComparison.Ordinal);
        service.Ask("attach", pid).Exits(0);
        service.Ask("attach", pid).Exits(1).Names(pid, "already");
        subject.Verify();
    }

    [Fact]
    public void ASignalEndsItInOrderAndItTakesItsProcessesUpAgain()
    {
        using Scratch scratch = new();
        using AgentServiceProcess service = new(scratch);
        service.StartAndAwait();
        using Subject subject = Start("steady", "32");
        subject.Dump();
        subject.Restore(Mode.Demand, "--agent", service.Address);
        Assert.Equal(0, service.Terminate());
        service.Await("it tells that it has let the process go", () => service.Count("detached") == 1);
        Assert.False(File.Exists(service.SocketPath));
        service.StartAndAwait(attached: 1);

        // Another one at the same socket is refused, and touches nothing.
        LazyRestoreBinary.Native.Run(scratch, "agent", "--listen", service.Address).Exits(1).Names(service.SocketPath);
        service.Ask("attach", "1").Exits(1).Names("1");
        service.Ask("drain").Exits(0);
        Assert.Equal(0, service.WaitForExit());
        subject.Verify();
    }

    [Fact]
    public void AnImageThatIsAwayIsWaitedFor()
    {
        using Scratch scratch = new();
        using AgentServiceProcess service = new(scratch);
        service.StartAndAwait();
        using Subject subject = Start("steady", "16");
        subject.Dump();
        subject.Restore(Mode.Demand, "--agent", service.Address);
        service.Kill();
        File.Move(subject.Image, subject.Image + ".away");
        service.Start();
        service.Await("it waits for the image", () => service.Count("waiting") == 1);
        Assert.Contains("awaiting_image", service.Ask("list").Exits(0).Output, StringComparison.Ordinal);
        File.Move(subject.Image + ".away", subject.Image);
        service.Await("the process is served again", () => service.Count("attached") == 1);
        subject.Verify();
    }

    [Fact]
    public void WithoutAServiceNothingIsRestored()
    {
        using Subject subject = Start("ballast", "1");
        subject.Dump();
        subject.Tool("restore", "-d", subject.Image, "--agent", "unix:/nowhere/agent.sock").Exits(1).Names("/nowhere/agent.sock");
        subject.Tool("restore", "-d", subject.Image, "--agent", "unix:/nowhere/agent.sock", "--on-page-error", "kill").Exits(2);
        Assert.False(Proc.IsAlive(subject.Pid));
        subject.Restore();
        subject.Verify();
    }

    [Fact]
    public void AHostileClientHarmsNobody()
    {
        using Scratch scratch = new();
        using AgentServiceProcess service = new(scratch);
        service.StartAndAwait();
        using Subject subject = Start("steady", "16");
        subject.Dump();
        subject.Restore(Mode.Demand, "--agent", service.Address);
        List<Socket> clients = [];
        byte[][] hostile =
        [
            [], [0xc1], [0xdd, 0xff, 0xff, 0xff, 0xff], [0xdb, 0x7f, 0xff, 0xff, 0xff], [0x91, 0xa5, .. "hello"u8], [0x92, 0xa5, .. "hello"u8, 0x80],
            [0x92, 0xa6, .. "attach"u8, 0x01], Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n"), new byte[1 << 16],
        ];
        foreach (byte[] bytes in hostile)
        {
            Socket client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            clients.Add(client);
            client.Connect(new UnixDomainSocketEndPoint(service.SocketPath));
            try
            {
                client.Send(bytes);
            }
            catch (SocketException)
            {
                // It has hung up already.
            }
        }

        Assert.True(service.Number(subject.Pid, "pages_remaining") > 0, service.Describe() + service.Ask("status", "--json").Output);

        // Who is another user is told so, even if the socket lets it in.
        const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        File.SetUnixFileMode(service.SocketPath, Everybody);
        File.SetUnixFileMode(scratch.Folder, Everybody | UnixFileMode.OtherExecute | UnixFileMode.UserExecute);
        string tool = scratch.File("lazyrestore");
        File.Copy(LazyRestoreBinary.Native.FilePath, tool);
        using RunningProcess nobody = RunningProcess.Start(
            scratch.File("nobody"), "/", "/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", tool, "agent", "drain", "--control", service.Address);
        Assert.Equal(3, nobody.WaitForExit());
        Assert.Contains("65534", nobody.Errors, StringComparison.Ordinal);
        clients.ForEach(static client => client.Dispose());
        Assert.Null(service.ExitCode);
        subject.Verify();
    }

    private static Subject Start(string target, params string[] arguments) => Subject.StartTarget(target, arguments);
}
