using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Tests.Etcd;

/// <summary>The contract, kept by a real etcd.</summary>
public sealed class EtcdStoreContractTests(EtcdFixture etcd) : StoreContractTests, IClassFixture<EtcdFixture>
{
    protected override Task<IStore> OpenAsync()
    {
        EtcdFixture.Need();
        return Task.FromResult<IStore>(EtcdFixture.Open(etcd.Server.Endpoint));
    }

    protected override async Task CompactAsync(IStore store, long revision)
        => await etcd.Server.CallAsync("kv/compaction", new { revision, physical = true });
}
