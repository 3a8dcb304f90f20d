using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Etcd.Local;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlannelPS.Engine.Tests.Etcd;

/// <summary>The contract, kept by a store in a folder.</summary>
public sealed class LocalStoreContractTests : StoreContractTests
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"flannelps-store-{Guid.NewGuid():N}");

    protected override Task<IStore> OpenAsync() => Task.FromResult<IStore>(new LocalStore(_folder, NullLogger.Instance, TimeProvider.System));

    protected override Task CompactAsync(IStore store, long revision) => ((LocalStore)store).CompactAsync(Limit);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }
}
