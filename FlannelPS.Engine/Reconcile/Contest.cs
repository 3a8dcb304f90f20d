using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Netlink;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Reconcile;

/// <summary>
/// Notices when somebody else puts an object of theirs where ours should stand again and again, so that two programs do not fight for ever: at the third time
/// within a minute the place is left to the other, and taken again when the other's object goes (F40).
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="logger">Told when a place is given up.</param>
internal sealed class Contest(TimeProvider time, ILogger logger)
{
    private const int Times = 3;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private readonly Dictionary<object, Queue<long>> _foreign = [];
    private readonly HashSet<object> _contested = [];

    /// <summary>Takes the places of others out of what is to be put.</summary>
    /// <param name="changes">Changed in place.</param>
    /// <param name="present">What stands.</param>
    /// <param name="left">What the last round left: an object that differs from it and from what is wanted is somebody else's.</param>
    /// <returns>What is left to others.</returns>
    public IReadOnlyList<FailedObject> Yield(ChangeSet changes, KernelState present, KernelState left)
    {
        var yielded = new List<FailedObject>();
        changes.PutRoutes.RemoveAll(route => route.Type == Route.RTN_UNICAST && Yields(route.Destination, present.Routes, left.Routes, () => RouteRequest.Replace(route), yielded));
        changes.PutNeighbors.RemoveAll(entry => Yields((entry.LinkIndex, entry.Address), present.Neighbors, left.Neighbors, () => NeighborRequest.Replace(entry), yielded));
        changes.PutFdb.RemoveAll(entry => Yields((entry.LinkIndex, entry.Address), present.Fdb, left.Fdb, () => FdbRequest.Replace(entry), yielded));
        _contested.IntersectWith(yielded.Select(item => item.Key));
        return yielded;
    }

    /// <summary>Takes the places back that were left to others: an operator asks for it. Who puts theirs there again three times has it again.</summary>
    public void Reclaim()
    {
        _foreign.Clear();
        _contested.Clear();
    }

    private bool Yields<TKey, TObject>(
        TKey key, Dictionary<TKey, TObject> present, Dictionary<TKey, TObject> left, Func<NetlinkRequest> describe, List<FailedObject> yielded)
        where TKey : notnull
    {
        if (!present.TryGetValue(key, out var stands) || left.TryGetValue(key, out var ours) && ours!.Equals(stands))
            return false;
        var wasContested = _contested.Contains(key);
        if (!wasContested && !IsThirdTime(key))
            return false;
        var text = describe().ToString();
        if (_contested.Add(key))
            logger.ObjectContested(text);
        yielded.Add(new(key, $"{text} is contested: somebody else's stands in its place"));
        return true;
    }

    private bool IsThirdTime(object key)
    {
        if (!_foreign.TryGetValue(key, out var seen))
            _foreign[key] = seen = new(Times);
        while (seen.TryPeek(out var oldest) && time.GetElapsedTime(oldest) > Window)
            seen.Dequeue();
        seen.Enqueue(time.GetTimestamp());
        if (seen.Count < Times)
            return false;
        _foreign.Remove(key);
        return true;
    }
}
