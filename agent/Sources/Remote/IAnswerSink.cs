using System.Buffers;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>Takes the bytes of an answer as they come. What it throws makes the request fail.</summary>
internal interface IAnswerSink
{
    /// <summary>The next bytes.</summary>
    void Append(in ReadOnlySequence<byte> bytes);
}
