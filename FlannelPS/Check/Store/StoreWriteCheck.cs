namespace FlannelPS.Checks;

/// <summary>A lease is written; a store that can only be read gives none.</summary>
internal sealed class StoreWriteCheck() : Check("StoreWrite", CheckCategory.Store, FlannelCheckScope.Host, "Whether the store takes writes below the network's prefix: space and rights. Asked by a transaction whose guard cannot hold, so nothing is written.")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
        => [facts.Store switch
        {
            { TakesWrites: true } store => Finding.Pass($"{store.Description} takes writes below {store.Prefix}.", store.Prefix),
            { TakesWrites: false } store => Finding.Fail(store.WriteProblem, "etcd is out of space, or the user's role may not write there.", "Free space and clear etcd's NOSPACE alarm, or grant the role readwrite on the prefix.", store.Prefix),
            var store => Finding.Skip("The store could not be read.", store.Prefix),
        }];
}
