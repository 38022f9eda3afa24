namespace LazyRestore.Agent.Protocol;

/// <summary>What a side of a connection says first through which pages are pushed: a map with the protocol, its version, and who it is.</summary>
internal static class PushHello
{
    /// <summary>The name of the protocol.</summary>
    internal const string Protocol = "lazyrestore-push";

    /// <summary>The version of this code.</summary>
    internal const int Version = 1;

    private const int LongestName = 256;

    /// <summary>Reads what follows the name of the frame.</summary>
    /// <returns>Who the other side is, for people.</returns>
    internal static string Read(ref FrameArguments arguments)
    {
        string protocol = "";
        string name = "somebody";
        ulong version = 0;
        for (int left = arguments.Map(); left > 0; left--)
        {
            switch (arguments.Text())
            {
                case "protocol": protocol = arguments.Text(); break;
                case "version": version = arguments.Number(); break;
                case "name": name = Printable(arguments.Text(LongestName)); break;
                default: arguments.Skip(); break;
            }
        }

        return protocol == Protocol && version == Version
            ? name
            : throw new PageProtocolException($"it speaks '{protocol}' version {version}, not {Protocol} version {Version}");
    }

    // It is shown on terminals.
    private static string Printable(string name) => string.Concat(name.Select(static letter => char.IsControl(letter) ? '?' : letter));
}
