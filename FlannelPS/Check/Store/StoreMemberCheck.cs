namespace FlannelPS.Checks;

/// <summary>A dead endpoint costs nothing today, and its neighbour's failure everything.</summary>
internal sealed class StoreMemberCheck() : Check("StoreMember", CheckCategory.Store, FlannelCheckScope.Host, "Whether each endpoint of the store answers and knows a leader.")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var isOneEnough = facts.Store.AreEndpointsSupposed && facts.Store.Failure is null;
        var leaders = facts.Store.Endpoints.Where(endpoint => endpoint.IsLeader).DistinctBy(endpoint => endpoint.Member).ToList();
        if (leaders.Count > 1)
            yield return Finding.Fail($"{string.Join(" and ", leaders.Select(leader => leader.Endpoint))} both lead.", "The endpoints are of different etcd clusters, or of one that was split and started anew (--force-new-cluster): each has leases of its own.",
                "Name the endpoints of one cluster only, on all hosts.", leaders[^1].Endpoint);
        foreach (var endpoint in facts.Store.Endpoints.Where(endpoint => endpoint.Error is null || !isOneEnough))
            yield return endpoint.Error is { } error
                ? Finding.Warn($"{endpoint.Endpoint}: {error}", "This member does not run, or cannot be reached from here.", "Bring it back, or leave it out of the endpoints.", endpoint.Endpoint)
                : !endpoint.HasLeader ? Finding.Warn($"{endpoint.Endpoint} knows no leader.", "It is cut off from the majority of the members.", "Look at the network between the members.", endpoint.Endpoint)
                : Finding.Pass($"{endpoint.Endpoint} answers, version {endpoint.Version}{(endpoint.IsLeader ? ", and leads" : "")}.", endpoint.Endpoint);
    }
}
