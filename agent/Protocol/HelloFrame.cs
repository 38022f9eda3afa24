namespace LazyRestore.Agent.Protocol;

/// <summary>What a side says first.</summary>
/// <param name="Credit">How much bulk payload may be sent to it before it grants more, in bytes; 0 from a server.</param>
/// <param name="Token">What proves that the client may have the images; null when it has nothing, and from a server.</param>
/// <param name="Capabilities">What the side knows beyond version 1 of the protocol.</param>
internal readonly record struct HelloFrame(ulong Credit, string? Token, IReadOnlyList<string> Capabilities)
{
    private const int MostCapabilities = 64;

    /// <summary>Reads what follows the name of the frame.</summary>
    internal static HelloFrame Read(ref FrameArguments arguments)
    {
        string protocol = "";
        ulong version = 0;
        ulong credit = 0;
        string? token = null;
        List<string> capabilities = [];
        for (int left = arguments.Map(); left > 0; left--)
        {
            switch (arguments.Text())
            {
                case "protocol": protocol = arguments.Text(); break;
                case "version": version = arguments.Number(); break;
                case "credit": credit = arguments.Number(); break;
                case "token": token = arguments.Text(PageProtocol.LongestToken); break;
                case "capabilities": ReadCapabilities(ref arguments, capabilities); break;
                default: arguments.Skip(); break;
            }
        }

        return protocol == PageProtocol.Name && version == PageProtocol.Version
            ? new HelloFrame(credit, token, capabilities)
            : throw new PageProtocolException($"it speaks '{protocol}' version {version}, not {PageProtocol.Name} version {PageProtocol.Version}");
    }

    private static void ReadCapabilities(ref FrameArguments arguments, List<string> capabilities)
    {
        for (int left = arguments.Array(MostCapabilities); left > 0; left--)
        {
            capabilities.Add(arguments.Text());
        }
    }
}
