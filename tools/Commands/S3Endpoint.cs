using System.CommandLine;
using LazyRestore.Agent.Sources.Objects;

namespace LazyRestore.Tools.Commands;

/// <summary>The option <c>--s3-endpoint</c> of the verbs that read images.</summary>
internal static class S3Endpoint
{
    /// <summary>The option.</summary>
    public static Option<string> Option() => new("--s3-endpoint")
    {
        Description = "Where the object store of s3:// is; by default what AWS_ENDPOINT_URL or the profile says, and AWS itself otherwise",
        HelpName = "URL",
    };

    /// <summary>The name of an image with the endpoint that was given for it.</summary>
    public static string Applied(string image, string? endpoint) =>
        endpoint is not null && S3Location.Is(image) ? S3Location.WithEndpoint(image, endpoint) : image;
}
