namespace LazyRestore.Agent.Control;

/// <summary>The fixed numbers and names of the control protocol; docs/agent.md specifies it.</summary>
internal static class ControlProtocol
{
    /// <summary>The name in the first frame.</summary>
    internal const string Name = "lazyrestore-agent";

    /// <summary>The version of this code.</summary>
    internal const int Version = 1;

    /// <summary>Clients at once, at most.</summary>
    internal const int MostClients = 32;

    internal const string Hello = "hello";
    internal const string Status = "status";
    internal const string Attach = "attach";
    internal const string Detach = "detach";
    internal const string Drain = "drain";
    internal const string Service = "service";
    internal const string Process = "process";
    internal const string Done = "done";
    internal const string Error = "error";
}
