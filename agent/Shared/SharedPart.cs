using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Placing;

namespace LazyRestore.Agent.Shared;

/// <summary>A mapping of a shared file in the process, and how pages get there.</summary>
internal sealed class SharedPart
{
    /// <summary>Describes a mapping.</summary>
    /// <param name="mapping">Where it is.</param>
    /// <param name="file">What is mapped.</param>
    /// <param name="process">The userfaultfd of the process.</param>
    internal SharedPart(SharedMapping mapping, SharedFile file, UserFault process)
    {
        Start = mapping.Start;
        End = mapping.End;
        Origin = mapping.Start - mapping.Offset;
        File = file;
        Placement = new ContinuePlacement(file.Fault, process, (long)(file.Origin - Origin));
    }

    /// <summary>First address.</summary>
    internal ulong Start { get; }

    /// <summary>First address after it.</summary>
    internal ulong End { get; }

    /// <summary>The address that offset 0 of the file would have.</summary>
    internal ulong Origin { get; }

    /// <summary>What is mapped.</summary>
    internal SharedFile File { get; }

    /// <summary>Places pages here.</summary>
    internal ContinuePlacement Placement { get; }

    /// <summary>Whether an offset of the file is mapped here.</summary>
    internal bool Holds(ulong offset) => Origin + offset - Start < End - Start;
}
