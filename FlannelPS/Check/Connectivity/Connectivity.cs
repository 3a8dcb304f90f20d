using FlannelPS.Engine.Hosting;

namespace FlannelPS.Checks;

/// <summary>How the way to other hosts is tried.</summary>
/// <param name="Count">Echo requests a host.</param>
/// <param name="Seconds">How long to wait for an answer.</param>
/// <param name="Limit">Hosts at once.</param>
internal sealed record ConnectivityOptions(int Count = 10, int Seconds = 2, int Limit = 32);

/// <summary>The way from a node to the other hosts of its network.</summary>
internal static class Connectivity
{
    /// <summary>Tries it; each host as it answers.</summary>
    /// <param name="name">The node.</param>
    /// <param name="answer">What it says.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="isMeant">Which hosts; all by default.</param>
    public static IAsyncEnumerable<FlannelConnectivityResult> TryAsync(
        string name, NodeAnswers answer, ConnectivityOptions options, CancellationToken cancellationToken, Func<PeerTarget, bool>? isMeant = null)
    {
        var peers = Peers(name, answer).Where(isMeant ?? (_ => true)).ToList();
        return new PeerProbe((int)(answer.Status.Number("pid") ?? 0), options.Count, TimeSpan.FromSeconds(options.Seconds), options.Limit).RunAsync(peers, cancellationToken);
    }

    /// <summary>The other hosts.</summary>
    public static IReadOnlyList<PeerTarget> Peers(string name, NodeAnswers answer)
        => [.. PeerTarget.Of(name, answer.Status, answer.Peers, PortOf(answer))];

    private static int PortOf(NodeAnswers answer)
    {
        try
        {
            return answer.Network is null ? 0 : CheckFactsReader.OfNode(answer, name: "", TimeSpan.Zero).TunnelPort;
        }
        catch (FactsMissingException)
        {
            return 0;
        }
    }
}
