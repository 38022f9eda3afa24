using System.Buffers;
using MessagePack;

namespace LazyRestore.Agent.Protocol;

/// <summary>Makes frames without a payload.</summary>
internal static class Frames
{
    /// <summary>The first frame of each side.</summary>
    internal static byte[] Hello(HelloFrame hello) => Make(FrameKind.Hello, 1, hello, static (ref MessagePackWriter writer, HelloFrame hello) =>
    {
        const int Always = 4;
        writer.WriteMapHeader(hello.Token is null ? Always : Always + 1);
        writer.Write("protocol");
        writer.Write(PageProtocol.Name);
        writer.Write("version");
        writer.Write(PageProtocol.Version);
        writer.Write("credit");
        writer.Write(hello.Credit);
        writer.Write("capabilities");
        writer.WriteArrayHeader(hello.Capabilities.Count);
        foreach (string capability in hello.Capabilities)
        {
            writer.Write(capability);
        }

        if (hello.Token is { } token)
        {
            writer.Write("token");
            writer.Write(token);
        }
    });

    /// <summary>The first frame of each side where pages are pushed.</summary>
    internal static byte[] PushHello(string name) => Make(FrameKind.Hello, 1, name, static (ref MessagePackWriter writer, string name) =>
    {
        writer.WriteMapHeader(3);
        writer.Write("protocol");
        writer.Write(Protocol.PushHello.Protocol);
        writer.Write("version");
        writer.Write(Protocol.PushHello.Version);
        writer.Write("name");
        writer.Write(name);
    });

    /// <summary>A frame that is but a name.</summary>
    internal static byte[] Bare(FrameKind kind) => Make(kind, 0, 0, static (ref MessagePackWriter _, int _) => { });

    /// <summary>A frame with numbers.</summary>
    internal static byte[] Numbers(FrameKind kind, params ulong[] numbers) =>
        Make(kind, numbers.Length, numbers, static (ref MessagePackWriter writer, ulong[] numbers) =>
        {
            foreach (ulong number in numbers)
            {
                writer.Write(number);
            }
        });

    /// <summary>Opens an image.</summary>
    internal static byte[] Open(ulong id, string name) => Make(FrameKind.Open, 2, (id, name), static (ref MessagePackWriter writer, (ulong Id, string Name) open) =>
    {
        writer.Write(open.Id);
        writer.Write(open.Name);
    });

    /// <summary>Asks for pages.</summary>
    internal static byte[] Pages(ulong id, ulong image, PagesQuery query, bool isBulk) =>
        Make(FrameKind.Pages, 7, (id, image, query, isBulk), static (ref MessagePackWriter writer, (ulong Id, ulong Image, PagesQuery Query, bool IsBulk) ask) =>
        {
            writer.Write(ask.Id);
            writer.Write(ask.Image);
            writer.Write((ulong)ask.Query.Extent);
            writer.Write((ulong)ask.Query.Page);
            writer.Write((ulong)ask.Query.Count);
            writer.Write(ask.Query.WithHead);
            writer.Write(ask.IsBulk);
        });

    /// <summary>Asks for bytes.</summary>
    internal static byte[] Read(ulong id, ulong image, long offset, int length, bool isBulk) =>
        Make(FrameKind.Read, 5, (id, image, offset, length, isBulk), static (ref MessagePackWriter writer, (ulong Id, ulong Image, long Offset, int Length, bool IsBulk) ask) =>
        {
            writer.Write(ask.Id);
            writer.Write(ask.Image);
            writer.Write((ulong)ask.Offset);
            writer.Write((ulong)ask.Length);
            writer.Write(ask.IsBulk);
        });

    /// <summary>Says why there is no answer; request 0 stands for the connection.</summary>
    internal static byte[] Error(ulong id, string reason, string message) =>
        Make(FrameKind.Error, 3, (id, reason, message), static (ref MessagePackWriter writer, (ulong Id, string Reason, string Message) error) =>
        {
            writer.Write(error.Id);
            writer.Write(error.Reason);
            writer.Write(error.Message);
        });

    private delegate void Body<T>(ref MessagePackWriter writer, T values);

    private static byte[] Make<T>(FrameKind kind, int count, T values, Body<T> body)
    {
        ArrayBufferWriter<byte> output = new();
        MessagePackWriter writer = new(output);
        writer.WriteArrayHeader(count + 1);
        writer.WriteString(FrameNames.Of(kind));
        body(ref writer, values);
        writer.Flush();
        return output.WrittenSpan.ToArray();
    }
}
