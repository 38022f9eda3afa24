namespace LazyRestore.Agent.Protocol;

/// <summary>What a side says first.</summary>
/// <param name="Credit">How much bulk payload may be sent to it before it grants more, in bytes.</param>
internal readonly record struct HelloFrame(ulong Credit)
{
    /// <summary>Reads what follows the name of the frame.</summary>
    internal static HelloFrame Read(ref FrameArguments arguments)
    {
        string protocol = "";
        ulong version = 0;
        ulong credit = 0;
        for (int left = arguments.Map(); left > 0; left--)
        {
            switch (arguments.Text())
            {
                case "protocol": protocol = arguments.Text(); break;
                case "version": version = arguments.Number(); break;
                case "credit": credit = arguments.Number(); break;
                default: arguments.Skip(); break;
            }
        }

        return protocol == PageProtocol.Name && version == PageProtocol.Version
            ? new HelloFrame(credit)
            : throw new PageProtocolException($"it speaks '{protocol}' version {version}, not {PageProtocol.Name} version {PageProtocol.Version}");
    }
}
