using System.Net;
using System.Text;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Etcd.Local;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Tests.Etcd;
using FlannelPS.Lab;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlannelPS.Engine.Tests.Leases;

/// <summary>A real store of either kind with a prefix of its own, and what tests do with it.</summary>
internal sealed class StoreBed : IAsyncDisposable
{
    public const string Local = "local";
    public const string Etcd = "etcd";
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"flannelps-leases-{Guid.NewGuid():N}");
    private readonly EtcdServer? _server;
    private readonly List<IStore> _opened = [];
    private readonly CancellationTokenSource _limit;

    private readonly TimeProvider _time;

    private StoreBed(string kind, EtcdFixture etcd, TimeProvider time)
    {
        _time = time;
        if (kind == Etcd)
        {
            EtcdFixture.Need();
            _server = etcd.Server;
        }
        _limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        _limit.CancelAfter(TimeSpan.FromSeconds(60));
        Store = Another();
    }

    public static TheoryData<string> Kinds => [Local, Etcd];

    /// <param name="kind">Local or Etcd.</param>
    /// <param name="etcd">The server.</param>
    /// <param name="time">The local store's clock; the machine's when null.</param>
    public static StoreBed Open(string kind, EtcdFixture etcd, TimeProvider? time = null) => new(kind, etcd, time ?? TimeProvider.System);

    /// <summary>Ends a test that hangs.</summary>
    public CancellationToken Limit => _limit.Token;

    public IStore Store { get; }

    public StoreKeys Keys { get; } = new($"/t/{Guid.NewGuid():N}");

    /// <summary>Another handle on the same store, as another node has it.</summary>
    public IStore Another()
    {
        IStore store = _server is null ? new LocalStore(_folder, NullLogger.Instance, _time) : EtcdFixture.Open(_server.Endpoint);
        _opened.Add(store);
        return store;
    }

    /// <summary>Makes the store forget its history.</summary>
    public async Task CompactAsync()
    {
        if (_server is null)
            await ((LocalStore)Store).CompactAsync(Limit);
        else
            await _server.CallAsync("kv/compaction", new { revision = (await ListAsync()).Revision.ToString(), physical = true });
    }

    public Task<RangeResult> ListAsync() => Store.RangeAsync(Keys.Subnets, Limit);

    public async Task<StoreKey?> ReadAsync(string subnet) => (await Store.RangeAsync(KeyRange.One(Keys.SubnetPrefix + subnet), Limit)).Keys.SingleOrDefault();

    public async Task<IReadOnlyList<string>> SubnetsAsync() => [.. (await ListAsync()).Keys.Select(item => item.Key[Keys.SubnetPrefix.Length..])];

    public Task<long> PutAsync(string subnet, string value, long lease = 0) => Store.PutAsync(Keys.SubnetPrefix + subnet, Encoding.UTF8.GetBytes(value), lease, Limit);

    public Task<long> DeleteAsync(string subnet) => Store.DeleteAsync(KeyRange.One(Keys.SubnetPrefix + subnet), Limit);

    /// <summary>Another node's lease, with a life of its own.</summary>
    public async Task<long> PutForeignAsync(string subnet, string publicIp, long ttl = 600)
    {
        var lease = await Store.GrantAsync(ttl, Limit);
        await PutAsync(subnet, Value(publicIp), lease.Id);
        return lease.Id;
    }

    public static string Value(string publicIp) => $$"""{"PublicIP":"{{publicIp}}","PublicIPv6":null,"BackendType":"host-gw"}""";

    /// <summary>All that ever happened to keys below the prefix since a revision, as "put 10.5.1.0-24" and "deleted 10.5.1.0-24", with the revision.</summary>
    public async Task<IReadOnlyList<StoreEvent>> HistoryAsync(long since)
    {
        var last = (await ListAsync()).Revision;
        var end = Keys.SubnetPrefix + "zz-end";
        await Store.PutAsync(end, default, 0, Limit);
        var events = new List<StoreEvent>();
        await foreach (var batch in Store.WatchAsync(Keys.Subnets, since + 1, Limit))
        {
            events.AddRange(batch.Events.Where(change => change.Key != end));
            if (batch.Events.Any(change => change.Key == end))
                break;
        }
        await Store.DeleteAsync(KeyRange.One(end), Limit);
        Assert.True(last > 0);
        return events;
    }

    public static LeaseRequest Request(string identity, string publicIp, Subnet? previous = null, HeldLease? saved = null, string? nonce = null, string? previousNonce = null)
        => new(identity, nonce ?? "nonce-" + identity, previousNonce is null ? [] : [previousNonce], previous, saved) { Attributes = new(IPAddress.Parse(publicIp), null, "host-gw", default, default) };

    public LeaseAcquisition Acquisition(
        LeaseRequest request, IStore? store = null, Action<LeasePhase, string>? waiting = null, long ttl = 60, TimeProvider? time = null)
        => new(store ?? Store, Keys, new(ttl, TimeSpan.FromSeconds(10)), request, waiting ?? ((_, _) => { }), time ?? TimeProvider.System, NullLogger.Instance);

    /// <summary>Waits until a condition holds, as long as the test may take.</summary>
    public async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(10, Limit);
    }

    public async Task UntilAsync(Func<Task<bool>> condition)
    {
        while (!await condition())
            await Task.Delay(20, Limit);
    }

    public async ValueTask DisposeAsync()
    {
        await _limit.CancelAsync();
        foreach (var store in _opened)
            await store.DisposeAsync();
        _limit.Dispose();
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }
}
