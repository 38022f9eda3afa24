using System.IO.Pipelines;
using System.Net.Sockets;

namespace LazyRestore.Agent.Protocol;

/// <summary>A pipe of bytes in both directions, whatever carries them.</summary>
internal sealed class ByteChannel : IDuplexPipe, IDisposable
{
    private const int BufferSize = 256 << 10;
    private readonly Action _close;

    private ByteChannel(PipeReader input, PipeWriter output, Action close)
    {
        Input = input;
        Output = output;
        _close = close;
    }

    /// <inheritdoc/>
    public PipeReader Input { get; }

    /// <inheritdoc/>
    public PipeWriter Output { get; }

    /// <summary>Takes over a socket.</summary>
    internal static ByteChannel Of(Socket socket)
    {
        Prepare(socket);
        return Of(new NetworkStream(socket, ownsSocket: true));
    }

    /// <summary>Lets a socket keep little in the kernel: what is queued there is out of reach of a demand that comes later.</summary>
    internal static void Prepare(Socket socket)
    {
        if (socket.ProtocolType == ProtocolType.Tcp)
        {
            const int NotSentLowWaterMark = 25; // TCP_NOTSENT_LOWAT
            socket.NoDelay = true;
            socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, NotSentLowWaterMark, BitConverter.GetBytes(PageProtocol.LongestPayload));
        }
    }

    /// <summary>Takes over a stream with both directions, whose calls do not block.</summary>
    internal static ByteChannel Of(Stream stream) =>
        new(Reader(stream), PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true)), stream.Dispose);

    /// <summary>Takes over two streams whose calls block, such as standard input and output; each gets a thread of its own.</summary>
    internal static ByteChannel Of(Stream input, Stream output, Action? close = null)
    {
        Pipe incoming = new(new PipeOptions(pauseWriterThreshold: 2 * BufferSize, resumeWriterThreshold: BufferSize));
        Pipe outgoing = new(new PipeOptions(pauseWriterThreshold: PageProtocol.LongestPayload, resumeWriterThreshold: PageProtocol.LongestPayload / 2));
        Start("pages in", () => Copy(input, incoming.Writer));
        Start("pages out", () => Copy(outgoing.Reader, output));
        return new ByteChannel(incoming.Reader, outgoing.Writer, () =>
        {
            incoming.Reader.Complete();
            outgoing.Writer.Complete();
            close?.Invoke();
        });
    }

    /// <summary>Ends both directions.</summary>
    public void Dispose() => _close();

    private static PipeReader Reader(Stream stream) =>
        PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: BufferSize, minimumReadSize: BufferSize / 4, leaveOpen: true));

    private static void Start(string name, Action work) => new Thread(() => work()) { Name = name, IsBackground = true }.Start();

    private static void Copy(Stream input, PipeWriter output)
    {
        Exception? problem = null;
        try
        {
            int count;
            do
            {
                count = input.Read(output.GetSpan(BufferSize / 4));
                output.Advance(count);
            }
            while (count > 0 && !Wait(output.FlushAsync()).IsCompleted);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException or InvalidOperationException)
        {
            problem = failure is IOException ? failure : null;
        }

        output.Complete(problem);
    }

    private static void Copy(PipeReader input, Stream output)
    {
        try
        {
            ReadResult result;
            do
            {
                result = Wait(input.ReadAsync());
                foreach (ReadOnlyMemory<byte> part in result.Buffer)
                {
                    output.Write(part.Span);
                }

                output.Flush();
                input.AdvanceTo(result.Buffer.End);
            }
            while (!result.IsCompleted);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            // The reader notices, too, and says why.
        }

        input.Complete();
        output.Dispose();
    }

    // A thread of its own may wait.
    private static T Wait<T>(ValueTask<T> work) => work.IsCompletedSuccessfully ? work.Result : work.AsTask().GetAwaiter().GetResult();
}
