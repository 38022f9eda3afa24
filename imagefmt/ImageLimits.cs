namespace LazyRestore.ImageFormat;

/// <summary>What a reader accepts at most, checked before anything is allocated. Lengths are in bytes.</summary>
internal static class ImageLimits
{
    /// <summary>The header.</summary>
    public const int Header = 64 << 10;

    /// <summary>One record other than an extent or the index.</summary>
    public const int Record = 32 << 20;

    /// <summary>The header and all records together.</summary>
    public const int Records = 256 << 20;

    /// <summary>The index record.</summary>
    public const int Index = 512 << 20;

    /// <summary>An extent's record up to its payload: 512 checksums, the blocks and the padding take less than 9 KiB.</summary>
    public const int ExtentHead = 32 << 10;

    /// <summary>Keys of one map, those of later versions included.</summary>
    public const int Keys = 64;

    /// <summary>A record's kind.</summary>
    public const int Kind = 64;

    /// <summary>A path, PATH_MAX.</summary>
    public const int Path = 4096;

    /// <summary>A name, a release, a description.</summary>
    public const int Name = 4096;

    /// <summary>A digest or a build ID.</summary>
    public const int Digest = 64;

    /// <summary>The raw auxiliary vector.</summary>
    public const int Auxv = 4096;

    /// <summary>An XSAVE area.</summary>
    public const int ExtendedState = 64 << 10;

    /// <summary>A processor mask: 8192 processors.</summary>
    public const int Affinity = 1024;

    /// <summary>A socket address, with room to spare over sockaddr_storage.</summary>
    public const int SocketAddress = 128;

    /// <summary>What an address of IPv4 has at least: struct sockaddr_in.</summary>
    public const int InetAddress = 16;

    /// <summary>What a TCP connection had received, or was about to send; two of them fit into a record.</summary>
    public const int TcpQueue = 15 << 20;

    /// <summary>The value of a socket option.</summary>
    public const int SocketOption = 64 << 10;

    /// <summary>What was queued in a pipe or in a socket, per message.</summary>
    public const int Content = 16 << 20;

    /// <summary>What waits in a terminal for one of its ends; the kernel takes 64 KiB.</summary>
    public const int TerminalQueue = 1 << 20;

    /// <summary>Elements of a list that the kernel bounds by a resource limit: queued signals, timers, groups, messages.</summary>
    public const int List = 1 << 16;

    /// <summary>Entries of an epoll interest list.</summary>
    public const int EpollInterests = 1 << 20;
}
