using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Text;
using LazyRestore.Agent.Sources.Remote;

namespace LazyRestore.Agent.Sources.Objects;

/// <summary>An object on a web server, RFC 9110, section 14: every question is one range, and one answer of status 206.</summary>
internal sealed class HttpObject : IObjectStore
{
    // Requests that somebody waits for must never wait for a connection behind those that nobody waits for.
    private const int MostConnections = 64;
    private static readonly TimeSpan s_connecting = TimeSpan.FromSeconds(5);
    private readonly HttpClient _client;
    private readonly Uri _address;
    private readonly AuthenticationHeaderValue? _login;

    /// <summary>Makes the object of an address.</summary>
    /// <param name="address">http or https; a user and a password in it are sent as such, and not shown.</param>
    internal HttpObject(Uri address)
    {
        _address = new UriBuilder(address) { UserName = "", Password = "", Fragment = "" }.Uri;
        _login = address.UserInfo.Length == 0
            ? null
            : new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(address.UserInfo))));
        _client = new HttpClient(new SocketsHttpHandler
        {
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = s_connecting,
            MaxConnectionsPerServer = MostConnections,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            UseCookies = false,
        })
        {
            // Whoever asks says how long he waits.
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <inheritdoc/>
    public string Name => NameOf(_address);

    /// <summary>What an object is called in messages: without user and password, and without a query, which may be a signature.</summary>
    internal static string NameOf(Uri address) => address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    /// <inheritdoc/>
    public async Task<ObjectPiece> GetAsync(ByteRange range, ObjectVersion? version, CancellationToken cancellation)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, _address);
        request.Headers.Authorization = _login;
        request.Headers.Range = new RangeHeaderValue(range.Offset, range.End - 1);
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        if (version?.Tag is { } tag)
        {
            request.Headers.IfMatch.Add(new EntityTagHeaderValue(tag));
        }
        else
        {
            request.Headers.IfUnmodifiedSince = version?.Modified;
        }

        HttpResponseMessage response;
        try
        {
            response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        }
        catch (HttpRequestException problem) when (problem.InnerException is AuthenticationException untrusted)
        {
            throw new ObjectUnavailableException(
                $"the server of {Name} is not trusted: {untrusted.Message}", isRefusal: true, retryAfter: null);
        }
        catch (HttpRequestException problem)
        {
            throw new IOException(problem.Message, problem);
        }

        try
        {
            if (response.StatusCode != HttpStatusCode.PartialContent)
            {
                throw Refusal(response);
            }

            return new ObjectPiece(
                VersionOf(response), RangeOf(response), await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false), response);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private Exception Refusal(HttpResponseMessage response)
    {
        RetryConditionHeaderValue? after = response.Headers.RetryAfter;
        return response.StatusCode == HttpStatusCode.OK
            ? new ObjectUnavailableException(
                $"the server of {Name} gives the image only as a whole: it does not know ranges", isRefusal: true, retryAfter: null)
            : ObjectUnavailableException.Of(Name, (int)response.StatusCode, after?.Delta ?? (after?.Date - DateTimeOffset.UtcNow), detail: null);
    }

    private static ObjectVersion VersionOf(HttpResponseMessage response) => new(
        response.Content.Headers.ContentRange?.Length ?? throw NoRange(),
        response.Headers.ETag is { IsWeak: false, Tag: var tag } ? tag : null,
        response.Content.Headers.LastModified);

    private static ByteRange RangeOf(HttpResponseMessage response) =>
        response.Content.Headers.ContentRange is { Unit: "bytes", From: { } from, To: { } to } && to >= from && response.Content.Headers.ContentEncoding.Count == 0
            ? ByteRange.Between(from, to + 1)
            : throw NoRange();

    private static IOException NoRange() => new("the server does not say which bytes it sends");
}
