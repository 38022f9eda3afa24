using System.Globalization;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>Another host, as far as the network is concerned, at the other end of a cable (ip-netns(8), veth(4)).</summary>
internal sealed class NetworkNamespace : IDisposable
{
    private readonly Scratch _scratch;
    private readonly string _name;
    private readonly int _subnet;

    private NetworkNamespace(Scratch scratch)
    {
        _scratch = scratch;
        _name = string.Create(CultureInfo.InvariantCulture, $"lr{Environment.ProcessId}");
        _subnet = Environment.ProcessId % 250;
    }

    /// <summary>Its address.</summary>
    internal string Address => string.Create(CultureInfo.InvariantCulture, $"10.213.{_subnet}.2");

    internal static NetworkNamespace Create(Scratch scratch)
    {
        NetworkNamespace there = new(scratch);
        try
        {
            there.Ip("netns", "add", there._name);
            there.Ip("link", "add", there._name, "type", "veth", "peer", "name", "cable", "netns", there._name);
            there.Ip("address", "add", string.Create(CultureInfo.InvariantCulture, $"10.213.{there._subnet}.1/24"), "dev", there._name);
            there.Ip("link", "set", there._name, "up");
            there.Ip("-n", there._name, "address", "add", there.Address + "/24", "dev", "cable");
            there.Ip("-n", there._name, "link", "set", "lo", "up");
            there.PlugIn();
            return there;
        }
        catch
        {
            there.Dispose();
            throw;
        }
    }

    /// <summary>What runs a command there.</summary>
    internal string[] Command(params string[] command) => ["/usr/sbin/ip", "netns", "exec", _name, .. command];

    /// <summary>Whatever is sent is lost, and nobody is told.</summary>
    internal void Unplug() => Ip("-n", _name, "link", "set", "cable", "down");

    internal void PlugIn() => Ip("-n", _name, "link", "set", "cable", "up");

    /// <summary>Lets the cable behave as tc(8) says, for what goes to this host.</summary>
    internal void Shape(params string[] discipline) =>
        Assert.Equal(0, Run(Command(["/usr/sbin/tc", "qdisc", "replace", "dev", "cable", "root", .. discipline])));

    public void Dispose() => Run(["/usr/sbin/ip", "netns", "delete", _name]);

    private void Ip(params string[] arguments) => Assert.Equal(0, Run(["/usr/sbin/ip", .. arguments]));

    private int Run(string[] command)
    {
        using RunningProcess process = RunningProcess.Start(_scratch.File("ip"), _scratch.Folder, command);
        return process.WaitForExit();
    }
}
