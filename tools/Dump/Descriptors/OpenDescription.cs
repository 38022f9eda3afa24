namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>An open file description with all the descriptors that refer to it, in the order of the processes and ascending.</summary>
/// <param name="Id">Its number in the image.</param>
/// <param name="Descriptors">The descriptors; at least one.</param>
public sealed record OpenDescription(int Id, IReadOnlyList<OpenDescriptor> Descriptors)
{
    /// <summary>The descriptor that is asked on behalf of all.</summary>
    public OpenDescriptor First => Descriptors[0];

    /// <summary>The lowest of the standard streams among them; null when it is none.</summary>
    public int? StandardStream => First.Number <= 2 ? First.Number : null;

    /// <summary>How messages name it.</summary>
    public string Subject => $"descriptor {First.Number}";

    /// <summary>The kernel's name of the file without the number of its inode, such as <c>anon_inode:[eventfd]</c>.</summary>
    public string Link => First.Link;
}
