using System.Buffers.Binary;
using System.Net;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Reconcile;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Probing;

/// <summary>Asks each peer now and then, through the tunnel, whether the way there still works.</summary>
/// <remarks>
/// ICMP echo, which any host answers, flanneld's too. Requests of ours carry a mark, so the peers' requests to us are seen as well, and with them which of two directions is cut. One socket, no
/// thread of its own: what came in waits in the kernel, which notes when, until the next turn.
/// </remarks>
internal sealed class Prober : IDisposable
{
    /// <summary>Distance of two probes of one peer. Longer with very many peers: see <see cref="PeersPerSecond"/>.</summary>
    private static readonly TimeSpan ShortestPeriod = TimeSpan.FromSeconds(1);

    /// <summary>Turns have at least this distance, so the work of many peers is done at once; of very many, twice this.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);
    private const int PeersPerSecond = 125, PacketsPerTurn = 400, LinesPerMinute = 10;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _version;
    private readonly Action<ProbeSummary> _changed;
    private readonly long _start;
    private readonly object _lock = new();
    private readonly Dictionary<uint, ProbeTrack> _byAddress = [];
    private readonly Dictionary<string, ProbeTrack> _byKey = new(StringComparer.Ordinal);
    private readonly LogBudget _budget;
    private readonly byte[] _packet = new byte[65536];
    private readonly ulong _secret = BinaryPrimitives.ReadUInt64LittleEndian(Entropy.Bytes(8));
    private readonly string _host = Environment.MachineName;
    private readonly ushort _identifier = BinaryPrimitives.ReadUInt16LittleEndian(Entropy.Bytes(2));
    private EchoSocket? _socket;
    private Overlay? _overlay;
    private IPAddress? _source;
    private IReadOnlyList<Lease> _peers = [];
    private ProbeSummary _summary = ProbeSummary.None;
    private ulong _counter;
    private int _watched;
    private string _problem = "";

    /// <param name="time">The clock.</param>
    /// <param name="logger">Takes what an operator acts on.</param>
    /// <param name="version">The program's, which peers are told.</param>
    /// <param name="changed">Told when a peer stands otherwise.</param>
    public Prober(TimeProvider time, ILogger logger, string version, Action<ProbeSummary> changed)
    {
        (_time, _logger, _version, _changed) = (time, logger, version, changed);
        _start = time.GetTimestamp();
        _budget = new(time, LinesPerMinute);
    }

    private TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>How it stands with each peer, by its lease's key.</summary>
    public IReadOnlyDictionary<string, PeerReach> Read()
    {
        lock (_lock)
        {
            var (now, at) = (Now, _time.GetUtcNow());
            var all = new Dictionary<string, PeerReach>(_byKey.Count, StringComparer.Ordinal);
            foreach (var (key, track) in _byKey)
                all[key] = track.Read(now, at);
            return all;
        }
    }

    /// <summary>What was sent and came back since the start.</summary>
    public ProbeCounters Counters { get; private set; }

    /// <summary>Probes until cancelled.</summary>
    /// <param name="status">How the kernel stands: who the peers are, and by which way.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(Func<ReconcileStatus> status, CancellationToken cancellationToken)
    {
        while (true)
        {
            var wait = Step(status());
            await Task.Delay(wait, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket?.Dispose();

    /// <summary>One turn: takes in what came, gives up what did not, sends what is due.</summary>
    /// <returns>How long there is nothing to do.</returns>
    private TimeSpan Step(ReconcileStatus status)
    {
        if (status.Overlay is not { } overlay)
            return LongestWait;
        lock (_lock)
        {
            var now = Now;
            Follow(overlay, status.Peers, now);
            if (_byKey.Count == 0 || !Open(overlay))
            {
                Tell(now);
                return LongestWait;
            }
            Receive(now);
            var wake = Visit(now);
            Tell(now);
            var turn = _byKey.Count > PeersPerSecond ? Turn * 2 : Turn;
            return wake - Now is var wait && wait > turn ? wait : turn;
        }
    }

    /// <summary>Goes to each peer where something is to be done.</summary>
    /// <returns>When the next one wants it.</returns>
    private TimeSpan Visit(TimeSpan now)
    {
        var (period, quick) = (Distance(_byKey.Count, ShortestPeriod), Distance(_watched, ProbeTrack.Quick));
        var (wake, left, watched) = (now + LongestWait, PacketsPerTurn, 0);
        foreach (var track in _byKey.Values)
        {
            if (track.WakeAt <= now)
            {
                track.Expire(now);
                if (left > 0 && track.IsDue(now))
                    left -= Send(track, now, track.IsWatched ? quick : period);
                track.Rest();
            }
            watched += track.IsWatched ? 1 : 0;
            if (track.WakeAt < wake)
                wake = track.WakeAt;
        }
        _watched = watched;
        return wake;
    }

    private static TimeSpan Distance(int peers, TimeSpan shortest) => TimeSpan.FromSeconds(Math.Max(shortest.TotalSeconds, (double)peers / PeersPerSecond));

    private void Follow(Overlay overlay, IReadOnlyList<Lease> peers, TimeSpan now)
    {
        if (ReferenceEquals(peers, _peers) && ReferenceEquals(overlay, _overlay))
            return;
        var mtu = overlay.Backend.Mtu(overlay.Node);
        var gone = _byKey.Keys.ToHashSet(StringComparer.Ordinal);
        foreach (var peer in peers)
        {
            if (overlay.Backend.ProbeAddress(peer) is not { } address)
                continue;
            gone.Remove(peer.Key);
            if (_byKey.TryGetValue(peer.Key, out var known) && known.Address.Equals(address))
            {
                known.Resize(mtu, now);
                continue;
            }
            // Peers that come together are not asked together.
            var track = new ProbeTrack(address, mtu, now + Distance(peers.Count, ShortestPeriod) * (Scatter(_counter++) % 1000 / 1000.0));
            _byKey[peer.Key] = track;
        }
        foreach (var key in gone)
            _byKey.Remove(key);
        _byAddress.Clear();
        foreach (var track in _byKey.Values)
            _byAddress[Number(track.Address)] = track;
        (_overlay, _peers) = (overlay, peers);
    }

    private bool Open(Overlay overlay)
    {
        var source = overlay.Backend.ProbeSource(overlay.Own, overlay.Node);
        if (_socket is not null && source.Equals(_source))
            return true;
        _socket?.Dispose();
        _socket = null;
        try
        {
            (_socket, _source, _problem) = (EchoSocket.Open(source, ProbePacket.Mark), source, "");
            return true;
        }
        catch (FileException e)
        {
            if (_problem != e.Message)
                _logger.NotProbing(e.Message);
            _problem = e.Message;
            return false;
        }
    }

    private int Send(ProbeTrack track, TimeSpan now, TimeSpan period)
    {
        Span<int> lengths = stackalloc int[3];
        var count = track.Take(now, period, lengths);
        foreach (var length in lengths[..count])
        {
            var (sequence, cookie) = ((ushort)++_counter, Scatter(_counter));
            var icmp = _packet.AsSpan(0, length - 20);
            ProbePacket.WriteRequest(icmp, _identifier, sequence, cookie, _host, _version);
            track.Sent(now, sequence, cookie, length, EchoSocket.Now);
            // What the kernel refuses is as good as lost; the doctor asks it why.
            _ = _socket!.Send(icmp, track.Address);
            Counters = Counters with { Sent = Counters.Sent + 1 };
        }
        return count;
    }

    private void Receive(TimeSpan now)
    {
        while (_socket!.Receive() is var count && count > 0)
        {
            for (var i = 0; i < count; i++)
            {
                if (ProbePacket.Read(_socket.PacketOf(i)) is not { } packet || !_byAddress.TryGetValue(packet.Source, out var track))
                    continue;
                if (packet.IsReply && packet.Identifier == _identifier && track.Answered(now, packet.Sequence, packet.Cookie, _socket.TimeOf(i)))
                    Counters = Counters with { Answered = Counters.Answered + 1 };
                else if (!packet.IsReply)
                    track.Heard(now, packet.HostName, packet.Version);
            }
        }
    }

    /// <summary>Says whatever changed, in the log and in the status.</summary>
    private void Tell(TimeSpan now)
    {
        var at = _time.GetUtcNow();
        Span<int> counts = stackalloc int[(int)ReachState.Unreachable + 1];
        counts.Clear();
        var (first, firstKey) = ((ProbeTrack?)null, "");
        foreach (var (key, track) in _byKey)
        {
            var state = track.IsOneWay(now) ? ReachState.OneWay : track.State;
            counts[(int)state]++;
            if (first is null && state >= ReachState.MtuLimited)
                (first, firstKey) = (track, key);
            if (state == track.Told)
                continue;
            Log(key, track.Told, track.Read(now, at));
            track.Told = state;
        }
        // A reason with an age in it would make a new status each second.
        var example = first is null ? "" : $"{SubnetOf(firstKey)} is {(first.IsOneWay(now) ? ReachState.OneWay : first.State)}";
        var summary = new ProbeSummary(
            _problem, counts[(int)ReachState.Reachable], counts[(int)ReachState.Lossy], counts[(int)ReachState.MtuLimited], counts[(int)ReachState.OneWay],
            counts[(int)ReachState.Unreachable], counts[(int)ReachState.Unknown], example);
        if (summary == _summary)
            return;
        _summary = summary;
        _changed(summary);
    }

    private void Log(string key, ReachState before, PeerReach now)
    {
        if (before == ReachState.Unknown && now.State == ReachState.Reachable || !_budget.Allow(out var more))
            return;
        if (now.State == ReachState.Reachable)
            _logger.PeerReached(SubnetOf(key), before, more);
        else if (now.State != ReachState.Unknown)
            _logger.PeerNotReached(SubnetOf(key), now.State, now.Reason, more);
    }

    private static string SubnetOf(string key) => Subnet.ParseKey(key.AsSpan(key.LastIndexOf('/') + 1))?.IPv4.ToString() ?? key;

    private static uint Number(IPAddress address) => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    /// <summary>Numbers that nobody can foresee who has not the secret (splitmix64's finalizer).</summary>
    private ulong Scatter(ulong number)
    {
        number = (number + _secret) * 0x9e3779b97f4a7c15;
        number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
        number = (number ^ number >> 27) * 0x94d049bb133111eb;
        return number ^ number >> 31;
    }
}

/// <summary>Probes since the start.</summary>
/// <param name="Sent">Packets that went out.</param>
/// <param name="Answered">Those that were answered.</param>
internal readonly record struct ProbeCounters(long Sent, long Answered);
