using System.Diagnostics;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Node;

namespace FlannelPS.Checks;

/// <summary>Asks a store what there is to know, with reads only, and one write that changes nothing.</summary>
internal static class StoreFactsReader
{
    private const int VxlanPort = 8472, UdpPort = 8285;

    /// <summary>Asks it.</summary>
    /// <param name="store">The store.</param>
    /// <param name="target">Which it is.</param>
    /// <param name="subnetFile">Where this host's subnet of before may stand.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<StoreFacts> ReadAsync(IStore store, StoreTarget target, string subnetFile, CancellationToken cancellationToken)
    {
        var facts = new StoreFacts { Description = target.Options.ToString() ?? "", Prefix = target.Prefix, ConfigKey = new StoreKeys(target.Prefix).Config, OwnSubnet = OwnSubnet(subnetFile), AreEndpointsSupposed = target.HasDefaultEndpoints };
        var asked = store.StatusAsync(cancellationToken);
        var clock = Stopwatch.StartNew();
        try
        {
            var keys = new StoreKeys(target.Prefix);
            var range = await store.RangeAsync(KeyRange.One(keys.Config), cancellationToken).ConfigureAwait(false);
            facts = facts with { Latency = clock.Elapsed };
            if (range.Keys is [var item])
                facts = WithConfig(facts, item.Value);
            clock.Restart();
            var subnets = await store.RangeAsync(keys.Subnets, cancellationToken).ConfigureAwait(false);
            // The first read has the connection to make, and in a new process the code.
            facts = facts with { Latency = clock.Elapsed < facts.Latency ? clock.Elapsed : facts.Latency };
            var read = subnets.Keys.Select(key => LeaseReader.Read(keys.SubnetPrefix, key)).ToList();
            facts = facts with { Leases = [.. read.OfType<Lease>()], Junk = [.. read.OfType<InvalidLease>()] };
            facts = facts with { LeaseTtl = await LifeAsync(store, facts.Leases, cancellationToken).ConfigureAwait(false), Claims = await ClaimsAsync(store, keys, cancellationToken).ConfigureAwait(false) };
            facts = await TryWriteAsync(store, facts, keys, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            facts = facts with { Error = e, Action = StoreCommand.Record(e, target).ErrorDetails.RecommendedAction, Latency = clock.Elapsed };
        }
        return facts with { Endpoints = [.. await asked.ConfigureAwait(false)] };
    }

    private static async Task<TimeSpan?> LifeAsync(IStore store, IReadOnlyList<Lease> leases, CancellationToken cancellationToken)
        => leases.FirstOrDefault(lease => lease.EtcdLeaseId != 0) is { } lease && (await store.TimeToLiveAsync(lease.EtcdLeaseId, cancellationToken).ConfigureAwait(false)).GrantedTtlSeconds is > 0 and var seconds
            ? TimeSpan.FromSeconds(seconds) : null;

    // Whoever may read the leases need not be allowed to read these.
    private static async Task<IReadOnlyList<ClaimFacts>?> ClaimsAsync(IStore store, StoreKeys keys, CancellationToken cancellationToken)
    {
        try
        {
            var range = await store.RangeAsync(keys.Claims, cancellationToken).ConfigureAwait(false);
            return [.. from item in range.Keys
                       let claim = NodeClaim.Read(item.Value)
                       where claim is not null
                       let names = item.Key[keys.ClaimPrefix.Length..].Split('/')
                       select new ClaimFacts(names[0], claim.Host, claim.Subnet, names.Length > 1)];
        }
        catch (StoreException e) when (e.Failure == StoreFailure.PermissionDenied)
        {
            return null;
        }
    }

    // A transaction whose guard can never hold writes nothing. etcd judges the right to write, and its no-space alarm, before the guard.
    private static async Task<StoreFacts> TryWriteAsync(IStore store, StoreFacts facts, StoreKeys keys, CancellationToken cancellationToken)
    {
        try
        {
            await store.TxnAsync(new([StoreCompare.Unchanged(keys.Config, long.MaxValue)], [new StoreOperation.Put(keys.SubnetPrefix + "probe", Array.Empty<byte>(), 0)]), cancellationToken).ConfigureAwait(false);
            return facts with { TakesWrites = true };
        }
        catch (StoreException e) when (e.Failure is StoreFailure.ReadOnly or StoreFailure.PermissionDenied)
        {
            return facts with { TakesWrites = false, WriteProblem = e.Message };
        }
    }

    private static StoreFacts WithConfig(StoreFacts facts, ReadOnlyMemory<byte> json)
    {
        var inspection = NetworkConfigInspection.Inspect(json);
        var port = inspection.Config?.BackendType switch
        {
            "vxlan" => VxlanPort,
            "udp" => UdpPort,
            _ => 0,
        };
        if (port > 0 && FlannelNetworkConfig.Read(json).Backend.Port is { } named)
            port = named;
        return facts with { ConfigVerdicts = inspection.Verdicts, Config = inspection.Config, Port = port };
    }

    private static System.Net.IPNetwork? OwnSubnet(string path)
    {
        try
        {
            return SubnetFile.Read(path)?.Subnet;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
