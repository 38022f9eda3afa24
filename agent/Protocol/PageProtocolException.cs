namespace LazyRestore.Agent.Protocol;

/// <summary>The peer has sent what the protocol does not allow; the connection is of no more use.</summary>
internal sealed class PageProtocolException(string problem) : IOException($"the peer does not keep to the page protocol: {problem}");
