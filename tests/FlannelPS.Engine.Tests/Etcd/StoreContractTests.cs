using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Tests.Etcd;

/// <summary>What every <see cref="IStore"/> must keep, whoever serves it. Others may write beside these tests: only keys below <see cref="Prefix"/> are judged.</summary>
public abstract partial class StoreContractTests : IAsyncLifetime
{
    private readonly List<IStore> _opened = [];
    private CancellationTokenSource? _limit;

    /// <summary>Opens one more handle on the same store. The contract disposes it.</summary>
    protected abstract Task<IStore> OpenAsync();

    /// <summary>Makes the store forget its history up to at least <paramref name="revision"/>.</summary>
    protected abstract Task CompactAsync(IStore store, long revision);

    /// <summary>The shortest TTL in seconds that the store grants as asked.</summary>
    protected virtual long ShortestTtl => 2;

    /// <summary>Keys of this test alone.</summary>
    protected string Prefix { get; } = $"/contract/{Guid.NewGuid():N}/";

    /// <summary>Ends a test that hangs.</summary>
    protected CancellationToken Limit => _limit!.Token;

    /// <summary>The first handle.</summary>
    protected IStore A { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync()
    {
        _limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        _limit.CancelAfter(TimeSpan.FromSeconds(60));
        A = await AnotherAsync();
    }

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var store in _opened)
            await store.DisposeAsync();
        _limit?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Another handle on the same store, as another node has it.</summary>
    protected async Task<IStore> AnotherAsync()
    {
        var store = await OpenAsync();
        _opened.Add(store);
        return store;
    }

    /// <summary>All keys of this test.</summary>
    protected KeyRange All => KeyRange.Prefix(Prefix);

    protected static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    protected static string Text(StoreKey key) => System.Text.Encoding.UTF8.GetString(key.Value.Span);

    protected static StoreOperation Put(string key, string value, long leaseId = 0) => new StoreOperation.Put(key, Bytes(value), leaseId);

    protected Task<long> PutAsync(IStore store, string name, string value, long leaseId = 0) => store.PutAsync(Prefix + name, Bytes(value), leaseId, Limit);

    protected Task<TxnResult> CreateAsync(IStore store, string name, string value, long leaseId = 0)
        => store.TxnAsync(new([StoreCompare.Absent(Prefix + name)], [Put(Prefix + name, value, leaseId)]), Limit);

    protected async Task<StoreKey?> ReadAsync(IStore store, string name)
        => (await store.RangeAsync(KeyRange.One(Prefix + name), Limit)).Keys.SingleOrDefault();

    /// <summary>Waits until a key is gone, at most as long as the test may take.</summary>
    protected async Task GoneAsync(IStore store, string name)
    {
        while (await ReadAsync(store, name) is not null)
            await Task.Delay(20, Limit);
    }

    /// <summary>Reads batches from a watch until so many events have come, as "put name=value" and "deleted name".</summary>
    protected async Task<IReadOnlyList<string>> EventsAsync(IAsyncEnumerator<WatchBatch> watch, int count)
        => [.. (await BatchesAsync(watch, count)).SelectMany(batch => batch.Events).Select(Tell)];

    /// <summary>Reads batches with events until so many events have come.</summary>
    protected static async Task<IReadOnlyList<WatchBatch>> BatchesAsync(IAsyncEnumerator<WatchBatch> watch, int count)
    {
        var batches = new List<WatchBatch>();
        while (batches.Sum(batch => batch.Events.Count) < count)
        {
            Assert.True(await watch.MoveNextAsync(), "a watch ends by an exception only");
            if (watch.Current.Events.Count > 0)
                batches.Add(watch.Current);
        }
        return batches;
    }

    protected IAsyncEnumerator<WatchBatch> Watch(IStore store, long startRevision)
        => store.WatchAsync(All, startRevision, Limit).GetAsyncEnumerator(Limit);

    /// <summary>The revision behind everything written so far.</summary>
    protected async Task<long> NowAsync(IStore store) => (await store.RangeAsync(All, Limit)).Revision;

    private string Tell(StoreEvent change) => change switch
    {
        StoreEvent.Put put => $"put {put.Key[Prefix.Length..]}={Text(put.Item)}",
        _ => $"deleted {change.Key[Prefix.Length..]}",
    };
}
