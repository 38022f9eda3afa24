using System.Net.Sockets;
using LazyRestore.Agent.Listening;
using LazyRestore.Agent.Protocol;

namespace LazyRestore.Agent.Control;

/// <summary>
/// Lets clients at a UNIX socket control a service: those of root, and of the user that the service runs as. Clients that do not keep to the protocol, say
/// nothing, or are too many, lose their connection and harm nobody else.
/// </summary>
public sealed class ControlServer : IDisposable
{
    private const int Backlog = 64;
    private static readonly TimeSpan s_breath = TimeSpan.FromMilliseconds(50);
    private readonly CancellationTokenSource _end = new();
    private readonly SemaphoreSlim _places = new(ControlProtocol.MostClients);
    private readonly Socket _listener;
    private readonly string _path;
    private readonly ControlTimeouts _timeouts;
    private IAgentControl? _control;

    private ControlServer(Socket listener, string path, ControlTimeouts timeouts)
    {
        _listener = listener;
        _path = path;
        _timeouts = timeouts;
    }

    /// <summary>Takes the place of the service at a path. Nobody is answered until <see cref="Begin"/>.</summary>
    /// <exception cref="LazyRestoreException">Another service lives there, or nothing can be created there.</exception>
    public static ControlServer Listen(string path) => Listen(path, ControlTimeouts.Usual);

    /// <summary>The same with other time-outs.</summary>
    internal static ControlServer Listen(string path, ControlTimeouts timeouts) => new(ListeningSocket.At(path, Backlog), path, timeouts);

    /// <summary>Begins to answer.</summary>
    public void Begin(IAgentControl control)
    {
        _control = control;
        _ = Task.Run(AcceptAsync);
    }

    /// <summary>Ends it at once.</summary>
    public void Dispose()
    {
        if (_end.IsCancellationRequested)
        {
            return;
        }

        File.Delete(_path);
        _end.Cancel();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                await _places.WaitAsync(_end.Token).ConfigureAwait(false);
                _ = ServeAsync(await _listener.AcceptAsync(_end.Token).ConfigureAwait(false));
            }
            catch (SocketException)
            {
                // Such as too many open files: it passes.
                _ = _places.Release();
                await Task.Delay(s_breath).ConfigureAwait(false);
            }
            catch (Exception problem) when (problem is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            PeerProcess peer = PeerProcess.Of(socket);
            using var channel = ByteChannel.Of(socket);
            await TalkAsync(channel, peer).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client has left, breaks the rules, or says nothing.
        }
        finally
        {
            _ = _places.Release();
        }
    }

    private async Task TalkAsync(ByteChannel channel, PeerProcess peer)
    {
        FrameReader input = new(channel.Input);
        if (!await ReadAsync(input, _timeouts.Greeting).ConfigureAwait(false))
        {
            return;
        }

        TakeHello(input.Frame);
        if (peer.UserId != 0 && peer.UserId != Interop.geteuid())
        {
            await SendAsync(channel, ControlFrames.Error(new LazyRestoreException(
                FailureReason.Unsupported, $"user {peer.UserId} may not control this service", "Be root, or the user that it runs as."))).ConfigureAwait(false);
            return;
        }

        await SendAsync(channel, ControlFrames.Hello()).ConfigureAwait(false);
        while (await ReadAsync(input, _timeouts.Idle).ConfigureAwait(false))
        {
            (string request, int pid) = Request(input.Frame);
            foreach (byte[] frame in await Task.Run(() => Answer(request, pid)).ConfigureAwait(false))
            {
                await SendAsync(channel, frame).ConfigureAwait(false);
            }
        }
    }

    private static void TakeHello(ReadOnlyMemory<byte> frame)
    {
        FrameArguments arguments = FrameArguments.Read(frame, out string name);
        if (name != ControlProtocol.Hello)
        {
            throw new PageProtocolException("the first frame has to be a hello");
        }

        ControlFrames.ReadHello(ref arguments);
    }

    private static (string Name, int Pid) Request(ReadOnlyMemory<byte> frame)
    {
        FrameArguments arguments = FrameArguments.Read(frame, out string name);
        return (name, name is ControlProtocol.Attach or ControlProtocol.Detach ? (int)arguments.Number(int.MaxValue) : 0);
    }

    private IEnumerable<byte[]> Answer(string request, int pid)
    {
        try
        {
            switch (request)
            {
                case ControlProtocol.Status:
                    ServiceStatus status = _control!.Status;
                    return [ControlFrames.Of(status), .. status.Processes.Select(ControlFrames.Of), ControlFrames.Bare(ControlProtocol.Done)];
                case ControlProtocol.Attach:
                    _control!.Attach(pid);
                    break;
                case ControlProtocol.Detach:
                    _control!.Detach(pid);
                    break;
                case ControlProtocol.Drain:
                    _control!.Drain();
                    break;
                default:
                    throw new LazyRestoreException(FailureReason.Unsupported, $"the service knows no request '{request}'", "Use the version of lazyrestore that it is.");
            }

            return [ControlFrames.Bare(ControlProtocol.Done)];
        }
        catch (LazyRestoreException problem)
        {
            return [ControlFrames.Error(problem)];
        }
    }

    private async Task<bool> ReadAsync(FrameReader input, TimeSpan patience)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        limit.CancelAfter(patience);
        return await input.ReadAsync(limit.Token).ConfigureAwait(false);
    }

    private async Task SendAsync(ByteChannel channel, byte[] frame)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        limit.CancelAfter(_timeouts.Sending);
        _ = await channel.Output.WriteAsync(frame, limit.Token).ConfigureAwait(false);
    }
}
