using LazyRestore.ImageFormat;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Inspect;

/// <summary><c>inspect IMAGE verify</c>: reads all of it and checks every digest.</summary>
internal static class VerifySection
{
    /// <summary>Verifies the image.</summary>
    /// <exception cref="ImageDamagedException">Something in it is not as it was written.</exception>
    public static Document Of(CheckpointImage image, Reporter reporter, CancellationToken cancellation)
    {
        VerificationReport report = image.Verify(new BytesVerified(reporter, image.Bytes.Length), cancellation);
        if (report.Problem is { } problem)
        {
            throw problem;
        }

        return new Document
        {
            Fields =
            [
                new("intact", "intact", Value.Flag(true) with { Mood = Mood.Good }),
                new("extents", "extents", Value.Count(report.ExtentsVerified)),
                new("pages", "pages", Value.Count(report.PagesVerified)),
                new("bytes", "bytes", Value.Bytes(report.BytesVerified)),
            ],
        };
    }

    // Not Progress<T>, which reports from another thread, later.
    private sealed class BytesVerified(Reporter reporter, long total) : IProgress<long>
    {
        public void Report(long bytes) => reporter.Progress("verify", bytes / ImageLayout.PageSize, total / ImageLayout.PageSize);
    }
}
