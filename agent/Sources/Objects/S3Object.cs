using System.Globalization;
using System.Net.Http.Headers;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using LazyRestore.Agent.Sources.Remote;
using ByteRange = LazyRestore.Agent.Sources.Remote.ByteRange;

namespace LazyRestore.Agent.Sources.Objects;

/// <summary>
/// An object of an S3-compatible store. Credentials, region and endpoint are those that AWS tools use: environment, profiles of the shared files, and
/// what the host gives.
/// </summary>
internal sealed class S3Object : IObjectStore
{
    private const string DefaultRegion = "us-east-1";
    private readonly S3Location _location;
    private readonly AmazonS3Client _client;

    /// <summary>Makes the object of a location.</summary>
    /// <exception cref="LazyRestoreException">The environment or the profile is wrong, or no region is known.</exception>
    internal S3Object(S3Location location)
    {
        _location = location;
        AmazonS3Config config = new()
        {
            // Whoever asks tries again, and says how long he waits.
            MaxErrorRetry = 0,
            Timeout = Timeout.InfiniteTimeSpan,

            // Every page has a checksum of its own.
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
        };
        if (Endpoint(location) is { } endpoint)
        {
            config.ServiceURL = endpoint;

            // Few stores have a host name for each bucket, and any region will do.
            config.ForcePathStyle = true;
            config.AuthenticationRegion = Environment.GetEnvironmentVariable("AWS_REGION")
                ?? Environment.GetEnvironmentVariable("AWS_DEFAULT_REGION") ?? DefaultRegion;
        }

        try
        {
            _client = new AmazonS3Client(config);
        }
        catch (Exception problem) when (problem is AmazonClientException or ArgumentException or UriFormatException)
        {
            throw Misconfigured(problem);
        }
    }

    /// <inheritdoc/>
    public string Name => _location.ToString();

    /// <inheritdoc/>
    public async Task<ObjectPiece> GetAsync(ByteRange range, ObjectVersion? version, CancellationToken cancellation)
    {
        GetObjectRequest request = new()
        {
            BucketName = _location.Bucket,
            Key = _location.Key,
            ByteRange = new Amazon.S3.Model.ByteRange(range.Offset, range.End - 1),
            EtagToMatch = version?.Tag,
        };
        GetObjectResponse response;
        try
        {
            response = await _client.GetObjectAsync(request, cancellation).ConfigureAwait(false);
        }
        catch (AmazonServiceException refusal) when (refusal.StatusCode != 0)
        {
            throw ObjectUnavailableException.Of(Name, (int)refusal.StatusCode, RetryAfter(refusal), refusal.ErrorCode);
        }
        catch (Exception problem) when (problem is HttpRequestException or AmazonServiceException)
        {
            throw new IOException(problem.Message, problem);
        }
        catch (AmazonClientException problem)
        {
            throw Misconfigured(problem);
        }

        try
        {
            return ContentRangeHeaderValue.TryParse(response.ContentRange, out ContentRangeHeaderValue? sent) && sent is { From: { } from, To: { } to, Length: { } length }
                ? new ObjectPiece(
                    new ObjectVersion(length, response.ETag, Modified: null), ByteRange.Between(from, to + 1), response.ResponseStream, response)
                : throw new IOException($"{Name} does not say which bytes it sends");
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static string? Endpoint(S3Location location) => location.Endpoint
        ?? Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL_S3") ?? Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL");

    private static TimeSpan? RetryAfter(AmazonServiceException refusal) =>
        refusal.InnerException is Amazon.Runtime.Internal.HttpErrorResponseException { Response: { } response }
        && int.TryParse(response.GetHeaderValue("Retry-After"), CultureInfo.InvariantCulture, out int seconds)
            ? TimeSpan.FromSeconds(seconds)
            : null;

    private SourceRefusedException Misconfigured(Exception problem) => new(
        $"{Name} cannot be asked for: {problem.Message.AsSpan().Trim().ToString().Split('\n')[0]}",
        "Give AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, or a profile in AWS_PROFILE; another store than AWS in AWS_ENDPOINT_URL or --s3-endpoint.",
        problem);
}
