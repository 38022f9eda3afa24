using System.Text;

namespace LazyRestore.Agent.Protocol;

/// <summary>What the kinds of frames are called on the wire.</summary>
internal static class FrameNames
{
    private static readonly byte[][] s_names =
        [.. Enum.GetValues<FrameKind>().Select(static kind => Encoding.ASCII.GetBytes(kind.ToString().ToLowerInvariant()))];

    /// <summary>The name of a kind.</summary>
    internal static ReadOnlySpan<byte> Of(FrameKind kind) => s_names[(int)kind];

    /// <summary>The kind with a name.</summary>
    internal static FrameKind Parse(ReadOnlySpan<byte> name)
    {
        for (int kind = 1; kind < s_names.Length; kind++)
        {
            if (name.SequenceEqual(s_names[kind]))
            {
                return (FrameKind)kind;
            }
        }

        return FrameKind.Unknown;
    }
}
