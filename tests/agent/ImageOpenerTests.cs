using LazyRestore.Agent.Sources;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Tests;

public class ImageOpenerTests
{
    private const int Eio = 5;

    [Fact]
    public void AnErrorThatPassesIsRidden()
    {
        using ServedImage served = new(ExtentCodec.None);
        int attempts = 0;
        using CheckpointImage opened = ImageOpener.Open(
            () => ++attempts < 3 ? throw Problem(new IOException("gone for a moment", Eio)) : CheckpointImage.OpenFile(served.FilePath),
            TimeProvider.System,
            CancellationToken.None);
        Assert.Equal(3, attempts);
    }

    [Fact]
    public void AMissingFileIsReportedAtOnce()
    {
        int attempts = 0;
        Assert.Throws<LazyRestoreException>(() => ImageOpener.Open(
            () =>
            {
                attempts++;
                return CheckpointImage.OpenFile("/nonexistent/image");
            },
            TimeProvider.System,
            CancellationToken.None));
        Assert.Equal(1, attempts);
    }

    private static LazyRestoreException Problem(Exception cause) => new(FailureReason.Failed, "it cannot be opened", innerException: cause);
}
