using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace FlannelPS;

/// <summary>Several streams as one, each item as it comes.</summary>
internal static class Streams
{
    /// <summary>Merges them; ends when all have ended, and fails when one fails.</summary>
    public static async IAsyncEnumerable<T> Merge<T>(IReadOnlyList<IAsyncEnumerable<T>> streams, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var items = Channel.CreateBounded<T>(new BoundedChannelOptions(64) { SingleReader = true });
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pumps = Task.WhenAll(streams.Select(stream => Task.Run(async () =>
        {
            try
            {
                await foreach (var item in stream.WithCancellation(end.Token).ConfigureAwait(false))
                    await items.Writer.WriteAsync(item, end.Token).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                items.Writer.TryComplete(e);
                throw;
            }
        }, end.Token)));
        _ = pumps.ContinueWith(_ => items.Writer.TryComplete(), TaskScheduler.Default);
        try
        {
            await foreach (var item in items.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                yield return item;
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            await pumps.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
