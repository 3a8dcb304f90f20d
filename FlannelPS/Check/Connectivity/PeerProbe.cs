using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace FlannelPS.Checks;

/// <summary>Tries the way to other hosts: many at once, each within a bounded time.</summary>
/// <param name="process">The node's process: its network namespace is the one to try from.</param>
/// <param name="count">Echo requests a host.</param>
/// <param name="patience">How long to wait for an answer.</param>
/// <param name="limit">Hosts at once, at most.</param>
internal sealed class PeerProbe(int process, int count, TimeSpan patience, int limit)
{
    private const int Short = 64, SizesAtOnce = 16;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Tries them; each result as it comes.</summary>
    /// <exception cref="FactsMissingException">No packets may be sent by this user.</exception>
    public async IAsyncEnumerable<FlannelConnectivityResult> RunAsync(IReadOnlyList<PeerTarget> peers, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var socket = Open();
        await using var closing = socket.ConfigureAwait(false);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var results = Channel.CreateUnbounded<FlannelConnectivityResult>();
        var all = Parallel.ForEachAsync(peers, new ParallelOptions { MaxDegreeOfParallelism = limit, CancellationToken = end.Token }, async (peer, token) =>
            await results.Writer.WriteAsync(await TryAsync(socket, peer, token).ConfigureAwait(false), token).ConfigureAwait(false));
        _ = all.ContinueWith(done => results.Writer.TryComplete(done.Exception?.InnerException), TaskScheduler.Default);
        try
        {
            await foreach (var result in results.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                yield return result;
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private IcmpSocket Open()
    {
        try
        {
            return NodeNamespace.Run(process, () => new IcmpSocket());
        }
        catch (SocketException e)
        {
            throw new FactsMissingException($"This user may send no echo requests (CAP_NET_RAW): {e.Message}.", e);
        }
    }

    private async Task<FlannelConnectivityResult> TryAsync(IcmpSocket socket, PeerTarget peer, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var trial = peer.Address is null || peer.State == "Refused" ? null : await MeasureAsync(socket, peer, peer.Address, cancellationToken).ConfigureAwait(false);
        var finding = PeerJudgement.Judge(peer, trial);
        return new()
        {
            Node = peer.Node,
            Subnet = peer.Subnet,
            PublicIP = peer.PublicIp,
            BackendType = peer.Backend,
            Address = peer.Address,
            Status = finding.Status,
            Sent = trial?.Sent ?? 0,
            Received = trial?.Received ?? 0,
            RoundTripTime = trial?.Time,
            Mtu = peer.Mtu,
            WorkingMtu = trial?.WorkingMtu,
            IsUnderlayReachable = trial?.IsUnderlayReachable,
            UnderlayRoundTripTime = trial?.UnderlayTime,
            Evidence = finding.Evidence,
            Cause = finding.Cause,
            Remedy = finding.Remedy,
            Duration = clock.Elapsed,
        };
    }

    private async Task<PeerTrial> MeasureAsync(IcmpSocket socket, PeerTarget peer, IPAddress address, CancellationToken cancellationToken)
    {
        var tunnel = SeriesAsync(socket, address, Short, count, cancellationToken);
        var underlay = peer.PublicIp is { AddressFamily: AddressFamily.InterNetwork } host ? SeriesAsync(socket, host, Short, Math.Min(count, 2), cancellationToken) : Task.FromResult(Array.Empty<EchoAnswer>());
        var (through, beside) = (await tunnel.ConfigureAwait(false), await underlay.ConfigureAwait(false));
        var trial = new PeerTrial
        {
            Sent = through.Length,
            Received = through.Count(answer => answer.Time is not null),
            Time = through.Min(answer => answer.Time),
            Problem = through.Select(answer => answer.Problem).FirstOrDefault(problem => problem?.Length > 0) ?? "",
            IsUnderlayReachable = beside.Length == 0 ? null : beside.Any(answer => answer.Time is not null),
            UnderlayTime = beside.Length == 0 ? null : beside.Min(answer => answer.Time),
            UnderlayProblem = beside.Select(answer => answer.Problem).FirstOrDefault(problem => problem?.Length > 0) ?? "",
        };
        if (trial.Received > 0 && peer.Mtu is { } mtu and > Short)
            return trial with { WorkingMtu = await LongestAsync(socket, address, mtu, trial.Received < trial.Sent ? 10 : 2, cancellationToken).ConfigureAwait(false) };
        return trial.Received == 0 && peer is { Port: > 0, PublicIp: { } other } ? trial with { PortProblem = await KnockAsync(other, peer.Port, cancellationToken).ConfigureAwait(false) } : trial;
    }

    private async Task<EchoAnswer[]> SeriesAsync(IcmpSocket socket, IPAddress to, int length, int times, CancellationToken cancellationToken)
    {
        var asked = new List<Task<EchoAnswer>>(times);
        for (var i = 0; i < times; i++)
        {
            if (i > 0)
                await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
            asked.Add(socket.AskAsync(to, length, patience, cancellationToken));
        }
        return await Task.WhenAll(asked).ConfigureAwait(false);
    }

    /// <summary>
    /// The longest packet that comes through: the whole MTU first, then sixteen lengths at once, between the longest that came and the shortest that did not.
    /// Each is tried so often that what is lost by chance is not taken for what is too long.
    /// </summary>
    private async Task<int> LongestAsync(IcmpSocket socket, IPAddress to, int mtu, int times, CancellationToken cancellationToken)
    {
        if ((await SeriesAsync(socket, to, mtu, times + 1, cancellationToken).ConfigureAwait(false)).Any(answer => answer.Time is not null))
            return mtu;
        var (passes, stays) = (Short, mtu);
        while (stays - passes > 1)
        {
            var step = Math.Max(1, (stays - passes) / (SizesAtOnce + 1));
            var sizes = Enumerable.Range(1, SizesAtOnce).Select(i => passes + i * step).Where(size => size < stays).ToArray();
            var answers = await Task.WhenAll(sizes.Select(size => SeriesAsync(socket, to, size, times, cancellationToken))).ConfigureAwait(false);
            var longest = Array.FindLastIndex(answers, answer => answer.Any(one => one.Time is not null));
            (passes, stays) = (longest < 0 ? passes : sizes[longest], longest + 1 < sizes.Length ? sizes[longest + 1] : stays);
        }
        return passes;
    }

    /// <summary>Sends an empty datagram to the tunnel's port, which every tunnel drops: an error that comes back tells that nobody listens, or that it is rejected.</summary>
    private async Task<string> KnockAsync(IPAddress host, int port, CancellationToken cancellationToken)
    {
        try
        {
            using var socket = NodeNamespace.Run(process, () => new Socket(host.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
            await socket.ConnectAsync(host, port, cancellationToken).ConfigureAwait(false);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            end.CancelAfter(patience);
            await socket.SendAsync(new byte[1], SocketFlags.None, end.Token).ConfigureAwait(false);
            await socket.ReceiveAsync(new byte[64], SocketFlags.None, end.Token).ConfigureAwait(false);
            return "";
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode switch
            {
                SocketError.ConnectionRefused => "nobody listens there, or its firewall rejects it (port unreachable)",
                SocketError.AccessDenied => "a firewall rule of this host's output drops it (EPERM)",
                _ => e.Message,
            };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return "";
        }
    }
}
