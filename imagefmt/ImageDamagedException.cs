namespace LazyRestore.ImageFormat;

/// <summary>The image does not hold what its format promises at one place.</summary>
public sealed class ImageDamagedException : LazyRestoreException
{
    /// <summary>Creates the error for a place in the image.</summary>
    /// <param name="record">The kind of record that was being read, such as <c>vma</c> or <c>extent</c>.</param>
    /// <param name="offset">The offset of that place from the beginning of the image, in bytes.</param>
    /// <param name="problem">What is wrong there.</param>
    /// <param name="innerException">The error of the decoder, if one was thrown.</param>
    public ImageDamagedException(string record, long offset, string problem, Exception? innerException = null)
        : base(
            FailureReason.DamagedImage,
            $"the image is damaged: {record} record at offset {offset}: {problem}",
            "Make the image again, or copy it again from where it came from.",
            innerException)
    {
        Record = record;
        Offset = offset;
        Problem = problem;
    }

    /// <summary>The kind of record that is damaged.</summary>
    public string Record { get; }

    /// <summary>Where the damage is, in bytes from the beginning of the image.</summary>
    public long Offset { get; }

    /// <summary>What is wrong there.</summary>
    public string Problem { get; }
}
