using LazyRestore.Agent.Sources.Remote;

namespace LazyRestore.Agent.Sources.Objects;

/// <summary>A store says that an object cannot be had.</summary>
/// <param name="problem">What it says.</param>
/// <param name="isRefusal">Whether it is not to be expected that this passes by itself: there is no such object, or it is forbidden.</param>
/// <param name="retryAfter">When it asks to be asked again.</param>
internal sealed class ObjectUnavailableException(string problem, bool isRefusal, TimeSpan? retryAfter) : IOException(problem)
{
    /// <summary>Whether it is not to be expected that this passes by itself.</summary>
    internal bool IsRefusal => isRefusal;

    /// <summary>When the store asks to be asked again; null when it does not say.</summary>
    internal TimeSpan? RetryAfter => retryAfter;

    /// <summary>The exception for an HTTP status code.</summary>
    /// <param name="name">What the object is called.</param>
    /// <param name="status">The status code, RFC 9110, section 15.</param>
    /// <param name="retryAfter">The header field Retry-After.</param>
    /// <param name="detail">What the store says beside it.</param>
    internal static Exception Of(string name, int status, TimeSpan? retryAfter, string? detail)
    {
        string says = detail is null ? $"{name} answers {status}" : $"{name} answers {status}: {detail}";
        return status switch
        {
            404 or 410 => new ObjectUnavailableException($"there is no image at {name} ({status})", isRefusal: true, retryAfter),
            401 or 403 or 407 => new ObjectUnavailableException($"the image at {name} is forbidden ({status})", isRefusal: true, retryAfter),
            412 or 416 => new ImageReplacedException(name),
            408 or 425 or 429 or >= 500 => new ObjectUnavailableException(says, isRefusal: false, retryAfter),
            _ => new ObjectUnavailableException(says, isRefusal: true, retryAfter),
        };
    }
}
