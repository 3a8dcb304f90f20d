using System.Diagnostics;
using System.Net;

namespace FlannelPS;

/// <summary>A node's health could not be asked for.</summary>
/// <param name="message">One line.</param>
/// <param name="inner">What was caught.</param>
internal sealed class HealthProbeException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Asks <c>/healthz</c> and <c>/readyz</c> of a node of another host.</summary>
internal static class HealthProbe
{
    private const int MaximumBody = 64 << 10;

    /// <summary>The address without its path: who copies it from a probe's settings may have one of the two at its end.</summary>
    /// <exception cref="HealthProbeException">It is no address of a web server.</exception>
    public static Uri BaseOf(Uri given)
    {
        var text = given.OriginalString;
        return Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}", UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Host.Length > 0
            ? new Uri(uri.GetLeftPart(UriPartial.Authority))
            : throw new HealthProbeException($"'{text}' is no address such as http://192.0.2.11:8471");
    }

    /// <summary>Asks.</summary>
    /// <exception cref="HealthProbeException">Nobody answers there, or somebody who is no node.</exception>
    public static async Task<FlannelHealth> AskAsync(Uri address, TimeSpan patience, CancellationToken cancellationToken)
    {
        // Straight to the host: a proxy's answer would be the proxy's health.
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, ConnectTimeout = patience })
        {
            MaxResponseContentBufferSize = MaximumBody,
            Timeout = patience,
        };
        var clock = Stopwatch.StartNew();
        var (alive, life) = await GetAsync(client, address, "/healthz", cancellationToken).ConfigureAwait(false);
        var latency = clock.Elapsed;
        if (alive is not (HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable))
            throw new HealthProbeException($"What answers at {address} is no node: /healthz gives {(int)alive}.");
        var (ready, text) = await GetAsync(client, address, "/readyz", cancellationToken).ConfigureAwait(false);
        bool? isReady = ready switch
        {
            HttpStatusCode.OK => true,
            HttpStatusCode.ServiceUnavailable => false,
            _ => null,
        };
        List<string> reasons = alive == HttpStatusCode.OK ? [] : [.. Lines(life)];
        if (isReady == false)
            reasons.AddRange(Lines(text) is [_, _, ..] lines ? lines[1..] : Lines(text));    // the first line says that there are reasons
        return new(address.Host, address, alive == HttpStatusCode.OK, isReady, reasons, latency);
    }

    private static async Task<(HttpStatusCode, string)> GetAsync(HttpClient client, Uri address, string path, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri(address, path), cancellationToken).ConfigureAwait(false);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (HttpRequestException e)
        {
            throw new HealthProbeException($"No health is told at {address}: {e.InnerException?.Message ?? e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HealthProbeException($"What listens at {address} gave no answer within {client.Timeout.TotalSeconds:0.#} s.", e);
        }
    }

    private static string[] Lines(string text)
        => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => string.Concat(line.Where(character => !char.IsControl(character)))).ToArray();
}
