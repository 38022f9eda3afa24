namespace LazyRestore.Tools.Output;

/// <summary>The size of the terminal on standard output.</summary>
internal static class TerminalSize
{
    private const int Usual = 80;

    /// <summary>Its width in characters; 80 when it does not tell.</summary>
    public static unsafe int Columns()
    {
        Interop.winsize size = default;
        return Interop.ioctl_winsize(1, Interop.TIOCGWINSZ, &size) is 0 && size.ws_col > 0 ? size.ws_col : Usual;
    }
}
