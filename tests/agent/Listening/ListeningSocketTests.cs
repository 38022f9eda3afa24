using System.Net.Sockets;
using LazyRestore.Agent.Listening;

namespace LazyRestore.Agent.Tests.Listening;

public sealed class ListeningSocketTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lazyrestore-listen-").FullName;

    private string SocketPath => Path.Combine(_folder, "socket");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void ItIsForItsOwnerAlone()
    {
        using Socket socket = ListeningSocket.At(SocketPath, backlog: 1);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketPath));
    }

    [Fact]
    public void OneThatLivesIsLeftAlone()
    {
        using Socket socket = ListeningSocket.At(SocketPath, backlog: 1);
        var problem = Assert.Throws<LazyRestoreException>(() => ListeningSocket.At(SocketPath, backlog: 1));
        Assert.Contains(SocketPath, problem.Message, StringComparison.Ordinal);
        using Socket client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(SocketPath));
    }

    [Fact]
    public void OneThatNobodyListensAtIsReplaced()
    {
        ListeningSocket.At(SocketPath, backlog: 1).Dispose();
        using Socket socket = ListeningSocket.At(SocketPath, backlog: 1);
        using Socket client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(SocketPath));
    }

    [Fact]
    public void AFolderThatDoesNotExistIsNamed()
    {
        var problem = Assert.Throws<NativeException>(() => ListeningSocket.At(Path.Combine(_folder, "none", "socket"), backlog: 1));
        Assert.Contains(Path.Combine(_folder, "none"), problem.Message, StringComparison.Ordinal);
    }
}
