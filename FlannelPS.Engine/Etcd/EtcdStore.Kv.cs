using System.Runtime.CompilerServices;
using FlannelPS.Engine.Etcd.Grpc;
using FlannelPS.Engine.Etcd.Wire;
using Google.Protobuf;

namespace FlannelPS.Engine.Etcd;

internal sealed partial class EtcdStore
{
    private const string CompactedText = "required revision has been compacted";

    /// <inheritdoc/>
    public async Task<RangeResult> RangeAsync(KeyRange range, CancellationToken cancellationToken)
    {
        for (var limit = _settings.PageSize; ;)
        {
            try
            {
                return await RangeAsync(range, limit, cancellationToken).ConfigureAwait(false);
            }
            catch (StoreException e) when (e.InnerException is GrpcException { TooLarge: true } && limit > 1)
            {
                limit = Math.Max(1, limit / 8);
            }
            catch (StoreException e) when (e.InnerException is GrpcException inner && inner.Message.Contains(CompactedText, StringComparison.Ordinal))
            {
                // Compacted between two pages; the next list stands on a newer revision.
                await Task.Delay(_settings.BackOff, _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<RangeResult> PagesAsync(KeyRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var limit = _settings.PageSize;
        var request = new RangeRequest { Key = Bytes(range.Key), RangeEnd = End(range), Limit = Math.Min(_settings.FirstPageSize, limit) };
        while (true)
        {
            RangeResponse page;
            try
            {
                page = await CallAsync(EtcdCall.Range, range.Key, request, RangeResponse.Parser, cancellationToken).ConfigureAwait(false);
            }
            catch (StoreException e) when (e.InnerException is GrpcException { TooLarge: true } && request.Limit > 1)
            {
                request.Limit = limit = Math.Max(1, (int)request.Limit / 8);
                continue;
            }
            catch (StoreException e) when (request.Revision != 0 && e.InnerException is GrpcException inner && inner.Message.Contains(CompactedText, StringComparison.Ordinal))
            {
                request.Revision = 0;
                continue;
            }
            yield return new RangeResult([.. page.Kvs.Select(Key)], request.Revision == 0 ? page.Header.Revision : request.Revision, page.Header.ClusterId);
            if (!page.More || page.Kvs.Count == 0)
                yield break;
            GoOn(request, page);
            request.Limit = limit;
        }
    }

    /// <inheritdoc/>
    public async Task<TxnResult> TxnAsync(StoreTxn transaction, CancellationToken cancellationToken)
    {
        var request = new TxnRequest();
        request.Compare.AddRange(transaction.Guards.Select(WireGuard));
        request.Success.AddRange(transaction.Success.Select(WireOperation));
        var what = transaction.Success.Count == 0 ? "" : transaction.Success[0] switch
        {
            StoreOperation.Put put => put.Key,
            StoreOperation.Delete delete => delete.Key,
            _ => "",
        };
        var answer = await CallAsync(EtcdCall.Txn, what, request, TxnResponse.Parser, cancellationToken).ConfigureAwait(false);
        return new TxnResult(answer.Succeeded, answer.Header.Revision);
    }

    /// <inheritdoc/>
    public async Task<long> PutAsync(string key, ReadOnlyMemory<byte> value, long leaseId, CancellationToken cancellationToken)
    {
        var answer = await CallAsync(EtcdCall.Put, key, WirePut(key, value, leaseId), PutResponse.Parser, cancellationToken).ConfigureAwait(false);
        return answer.Header.Revision;
    }

    /// <inheritdoc/>
    public async Task<long> DeleteAsync(KeyRange range, CancellationToken cancellationToken)
    {
        var request = new DeleteRangeRequest { Key = Bytes(range.Key), RangeEnd = End(range) };
        var answer = await CallAsync(EtcdCall.DeleteRange, range.Key, request, DeleteRangeResponse.Parser, cancellationToken).ConfigureAwait(false);
        return answer.Deleted;
    }

    /// <summary>All pages at the revision of the first.</summary>
    private async Task<RangeResult> RangeAsync(KeyRange range, int limit, CancellationToken cancellationToken)
    {
        var keys = new List<StoreKey>();
        var request = new RangeRequest { Key = Bytes(range.Key), RangeEnd = End(range), Limit = limit };
        while (true)
        {
            var page = await CallAsync(EtcdCall.Range, range.Key, request, RangeResponse.Parser, cancellationToken).ConfigureAwait(false);
            keys.EnsureCapacity(keys.Count + page.Kvs.Count);
            keys.AddRange(page.Kvs.Select(Key));
            if (!page.More || page.Kvs.Count == 0)
            {
                return new RangeResult(keys, request.Revision == 0 ? page.Header.Revision : request.Revision, page.Header.ClusterId);
            }
            GoOn(request, page);
        }
    }

    /// <summary>Asks for what follows a page, at its revision.</summary>
    private static void GoOn(RangeRequest request, RangeResponse page)
    {
        if (request.Revision == 0)
        {
            request.Revision = page.Header.Revision;
        }
        // The byte string after the last key; built from bytes, because a foreign key need not be text.
        request.Key = ByteString.CopyFrom([.. page.Kvs[^1].Key.Span, 0]);
    }

    internal static StoreKey Key(KeyValue item) => new(item.Key.ToStringUtf8(), item.Value.Memory, item.CreateRevision, item.ModRevision, item.Lease);

    private static ByteString End(KeyRange range) => range.End is null ? ByteString.Empty : Bytes(range.End);

    private static PutRequest WirePut(string key, ReadOnlyMemory<byte> value, long leaseId)
        => new() { Key = Bytes(key), Value = ByteString.CopyFrom(value.Span), Lease = leaseId };

    private static Compare WireGuard(StoreCompare guard)
    {
        var compare = new Compare
        {
            Key = Bytes(guard.Range.Key),
            RangeEnd = End(guard.Range),
            Result = guard.Operator == CompareOperator.Equal ? Compare.Types.CompareResult.Equal : Compare.Types.CompareResult.Less,
        };
        if (guard.Target == CompareTarget.CreateRevision)
        {
            compare.Target = Compare.Types.CompareTarget.Create;
            compare.CreateRevision = guard.Revision;
        }
        else
        {
            compare.Target = Compare.Types.CompareTarget.Mod;
            compare.ModRevision = guard.Revision;
        }
        return compare;
    }

    private static RequestOp WireOperation(StoreOperation operation) => operation switch
    {
        StoreOperation.Put put => new RequestOp { RequestPut = WirePut(put.Key, put.Value, put.LeaseId) },
        StoreOperation.Delete delete => new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = Bytes(delete.Key) } },
        _ => throw new ArgumentOutOfRangeException(nameof(operation)),
    };
}
