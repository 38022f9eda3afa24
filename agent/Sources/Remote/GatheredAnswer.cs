using System.Buffers;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>An answer in one piece, of a length that is bounded.</summary>
internal sealed class GatheredAnswer(long longest) : IAnswerSink
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    /// <summary>What came.</summary>
    internal ReadOnlyMemory<byte> Bytes => _bytes.WrittenMemory;

    /// <inheritdoc/>
    public void Append(in ReadOnlySequence<byte> bytes)
    {
        if (_bytes.WrittenCount + bytes.Length > longest)
        {
            throw new Protocol.PageProtocolException("an answer is longer than what was asked for");
        }

        foreach (ReadOnlyMemory<byte> part in bytes)
        {
            _bytes.Write(part.Span);
        }
    }
}
