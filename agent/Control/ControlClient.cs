using System.Net.Sockets;
using LazyRestore.Agent.Listening;
using LazyRestore.Agent.Protocol;

namespace LazyRestore.Agent.Control;

/// <summary>Controls a service at a UNIX socket.</summary>
public sealed class ControlClient : IDisposable
{
    private readonly string _path;
    private readonly ControlTimeouts _timeouts;
    private readonly Socket _socket;
    private readonly ByteChannel _channel;
    private readonly FrameReader _input;
    private readonly Task _hello;

    private ControlClient(string path, Socket socket, ControlTimeouts timeouts)
    {
        _path = path;
        _timeouts = timeouts;
        _socket = socket;
        _channel = ByteChannel.Of(socket);
        _input = new FrameReader(_channel.Input);
        _hello = Task.Run(GreetAsync);
    }

    /// <summary>Connects to the service at a path.</summary>
    /// <exception cref="LazyRestoreException">None listens there, or it does not want us.</exception>
    public static ControlClient Connect(string path) => Connect(path, ControlTimeouts.Usual);

    /// <summary>The same with other time-outs.</summary>
    internal static ControlClient Connect(string path, ControlTimeouts timeouts)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (Exception problem) when (problem is SocketException or ArgumentOutOfRangeException)
        {
            socket.Dispose();
            throw new LazyRestoreException(
                FailureReason.Failed, $"no agent service can be reached at unix:{path}: {problem.Message}", $"Start one with lazyrestore agent --listen unix:{path}.", problem);
        }

        ControlClient client = new(path, socket, timeouts);
        try
        {
            client.Await(client._hello);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Asks how the service is.</summary>
    /// <exception cref="LazyRestoreException">There is no answer.</exception>
    public ServiceStatus Status() => Ask(ControlFrames.Bare(ControlProtocol.Status))!;

    /// <summary>Has the service take up a process that has no agent, and those that were restored with it.</summary>
    /// <exception cref="LazyRestoreException">It cannot.</exception>
    public void Attach(int pid) => Ask(ControlFrames.OfProcess(ControlProtocol.Attach, pid));

    /// <summary>Has the service let a process go, and those that were restored with it.</summary>
    /// <exception cref="LazyRestoreException">It is none of the service's.</exception>
    public void Detach(int pid) => Ask(ControlFrames.OfProcess(ControlProtocol.Detach, pid));

    /// <summary>Has the service bring all memory, take no further processes, and end then.</summary>
    public void Drain() => Ask(ControlFrames.Bare(ControlProtocol.Drain));

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();

    private ServiceStatus? Ask(byte[] request)
    {
        Task<ServiceStatus?> answer = Task.Run(() => AskAsync(request));
        Await(answer);
        return answer.Result;
    }

    // The service's descriptors may be kept when it has died, and its connections with them: nobody will say anything then.
    private void Await(Task work)
    {
        while (!((IAsyncResult)work).AsyncWaitHandle.WaitOne(_timeouts.Look))
        {
            if (!PeerProcess.IsAlive(_socket))
            {
                throw Silent("it has died");
            }
        }

        try
        {
            work.GetAwaiter().GetResult();
        }
        catch (Exception problem) when (problem is IOException or SocketException)
        {
            throw Silent(problem.Message);
        }
    }

    private LazyRestoreException Silent(string problem) => new(
        FailureReason.Failed, $"the agent service at unix:{_path} does not answer: {problem}", $"Start it again with lazyrestore agent --listen unix:{_path}.");

    private async Task GreetAsync()
    {
        _ = await _channel.Output.WriteAsync(ControlFrames.Hello()).ConfigureAwait(false);
        (string name, _) = await ReadAsync().ConfigureAwait(false);
        if (name != ControlProtocol.Hello)
        {
            throw new PageProtocolException("the first frame has to be a hello");
        }
    }

    private async Task<ServiceStatus?> AskAsync(byte[] request)
    {
        _ = await _channel.Output.WriteAsync(request).ConfigureAwait(false);
        ServiceStatus? status = null;
        List<ServedProcess> processes = [];
        while (true)
        {
            (string name, object? value) = await ReadAsync().ConfigureAwait(false);
            switch (name)
            {
                case ControlProtocol.Service: status = (ServiceStatus)value!; break;
                case ControlProtocol.Process: processes.Add((ServedProcess)value!); break;
                case ControlProtocol.Done: return status is null ? null : status with { Processes = processes };
            }
        }
    }

    private async Task<(string Name, object? Value)> ReadAsync() => await _input.ReadAsync(CancellationToken.None).ConfigureAwait(false)
        ? Read(_input.Frame)
        : throw new EndOfStreamException("it has ended the connection");

    private static (string Name, object? Value) Read(ReadOnlyMemory<byte> frame)
    {
        FrameArguments arguments = FrameArguments.Read(frame, out string name);
        switch (name)
        {
            case ControlProtocol.Hello:
                ControlFrames.ReadHello(ref arguments);
                return (name, null);
            case ControlProtocol.Service:
                return (name, ServiceStatus.Read(ref arguments));
            case ControlProtocol.Process:
                return (name, ServedProcess.Read(ref arguments));
            case ControlProtocol.Error:
                throw ControlFrames.ReadError(ref arguments);
            default:
                return (name, null);
        }
    }
}
