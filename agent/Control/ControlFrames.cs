using System.Buffers;
using LazyRestore.Agent.Protocol;
using MessagePack;

namespace LazyRestore.Agent.Control;

/// <summary>Makes the frames of the control protocol, and reads some of them.</summary>
internal static class ControlFrames
{
    private delegate void Body<T>(ref MessagePackWriter writer, T value);

    /// <summary>The first frame of each side.</summary>
    internal static byte[] Hello() => Make(ControlProtocol.Hello, 1, 0, static (ref MessagePackWriter writer, int _) =>
    {
        writer.WriteMapHeader(2);
        writer.Write("protocol");
        writer.Write(ControlProtocol.Name);
        writer.Write("version");
        writer.Write(ControlProtocol.Version);
    });

    /// <summary>A frame that is but a name.</summary>
    internal static byte[] Bare(string name) => Make(name, 0, 0, static (ref MessagePackWriter _, int _) => { });

    /// <summary>A request about a process.</summary>
    internal static byte[] OfProcess(string name, int pid) => Make(name, 1, pid, static (ref MessagePackWriter writer, int pid) => writer.Write(pid));

    /// <summary>A part of the answer to a request for the status.</summary>
    internal static byte[] Of(ServiceStatus status) => Make(ControlProtocol.Service, 1, status, static (ref MessagePackWriter writer, ServiceStatus status) => status.Write(ref writer));

    /// <summary>A part of the answer to a request for the status.</summary>
    internal static byte[] Of(ServedProcess process) => Make(ControlProtocol.Process, 1, process, static (ref MessagePackWriter writer, ServedProcess process) => process.Write(ref writer));

    /// <summary>A request that cannot be done, or a connection that is not wanted.</summary>
    internal static byte[] Error(LazyRestoreException problem) => Make(ControlProtocol.Error, 3, problem, static (ref MessagePackWriter writer, LazyRestoreException problem) =>
    {
        writer.Write((int)problem.Reason);
        writer.Write(Shortened(problem.Message));
        writer.Write(Shortened(problem.Remedy ?? ""));
    });

    /// <summary>Reads what follows the name of a hello.</summary>
    /// <exception cref="PageProtocolException">It is of another protocol, or another version of it.</exception>
    internal static void ReadHello(ref FrameArguments arguments)
    {
        string protocol = "";
        ulong version = 0;
        for (int left = arguments.Map(); left > 0; left--)
        {
            switch (arguments.Text())
            {
                case "protocol": protocol = arguments.Text(); break;
                case "version": version = arguments.Number(); break;
                default: arguments.Skip(); break;
            }
        }

        if (protocol != ControlProtocol.Name || version != ControlProtocol.Version)
        {
            throw new PageProtocolException($"it speaks '{protocol}' version {version}, not {ControlProtocol.Name} version {ControlProtocol.Version}");
        }
    }

    /// <summary>Reads what follows the name of an error.</summary>
    internal static LazyRestoreException ReadError(ref FrameArguments arguments)
    {
        var reason = (FailureReason)arguments.Number(int.MaxValue);
        string message = arguments.Text();
        string remedy = arguments.Text();
        return new LazyRestoreException(Enum.IsDefined(reason) ? reason : FailureReason.Failed, message, remedy is "" ? null : remedy);
    }

    private static byte[] Make<T>(string name, int count, T value, Body<T> body)
    {
        ArrayBufferWriter<byte> output = new();
        MessagePackWriter writer = new(output);
        writer.WriteArrayHeader(count + 1);
        writer.Write(name);
        body(ref writer, value);
        writer.Flush();
        return output.WrittenSpan.ToArray();
    }

    private static string Shortened(string text)
    {
        const int Longest = PageProtocol.LongestName / 4;
        return text.Length <= Longest ? text : text[..Longest];
    }
}
