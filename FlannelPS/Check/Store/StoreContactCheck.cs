using FlannelPS.Engine.Etcd;

namespace FlannelPS.Checks;

/// <summary>Whether the store serves this host.</summary>
internal sealed class StoreContactCheck() : Check("StoreContact", CheckCategory.Store, FlannelCheckScope.Host, "Whether the store answers, has a leader, trusts this host and is quick.")
{
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);

    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var store = facts.Store;
        return [store.Error is { } error
            ? Finding.Fail(error.Message, Cause(error.Failure), store.Action, store.Description)
            : store.Latency > Slow
                ? Finding.Warn($"{store.Description} took {store.Latency.TotalSeconds:0.0} s for one read.", "The store, its disk or the network between is overloaded: leases may not be renewed in time.", "Look at etcd's own metrics (disk sync, leader changes), and at the network between.", store.Description)
                : Finding.Pass($"{store.Description} answers in {store.Latency.TotalMilliseconds:0} ms.", store.Description)];
    }

    private static string Cause(StoreFailure failure)
        => failure switch
        {
            StoreFailure.Unreachable => "No endpoint answers: etcd does not run, listens elsewhere, or something between drops the connection.",
            StoreFailure.NoLeader => "The cluster has no majority of its members.",
            StoreFailure.Tls => "One of the two does not trust the other's certificate.",
            StoreFailure.Authentication => "User or password are wrong, or etcd asks for one.",
            StoreFailure.PermissionDenied => "The user's role has no right on the network's prefix.",
            StoreFailure.ReadOnly => "etcd has raised its alarm for want of space.",
            _ => "What answers there is no etcd, or refuses the request.",
        };
}
