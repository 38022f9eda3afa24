using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Decides what becomes of files that lead outside the process: whoever restores provides the standard streams, if asked to.</summary>
public sealed class StandardStreams(bool inherit, Refusals refusals)
{
    /// <summary>
    /// A record for a description that leads outside, when it is a standard stream and those are inherited; otherwise it is refused.
    /// </summary>
    /// <param name="description">The description.</param>
    /// <param name="whenStream">What it is called when it is a standard stream.</param>
    /// <param name="otherwise">What it is called when it is not.</param>
    /// <param name="detail">What exactly it is.</param>
    /// <param name="stream">The standard stream that it can stand for; null for none.</param>
    public ExternalStreamRecord? Replace(
        OpenDescription description, UnsupportedKind whenStream, UnsupportedKind otherwise, string detail, int? stream)
    {
        if (inherit && stream is { } number)
        {
            return new ExternalStreamRecord
            {
                Id = description.Id,
                StatusFlags = description.First.StatusFlags,
                Stream = number,
                Description = description.Link,
            };
        }

        refusals.Add(description.Subject, stream is null ? otherwise : whenStream, detail);
        return null;
    }
}
