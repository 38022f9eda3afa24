namespace LazyRestore.Agent.Protocol;

/// <summary>The peer has sent what the protocol does not allow; the connection is of no more use.</summary>
internal sealed class PageProtocolException : IOException
{
    /// <summary>Creates the error for something that was received.</summary>
    internal PageProtocolException(string problem)
        : base($"the peer does not keep to the page protocol: {problem}")
    {
    }

    /// <summary>Creates the error for somebody else whose answer is lost by it.</summary>
    internal PageProtocolException(Exception cause)
        : base(cause.Message, cause)
    {
    }
}
