using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Leases;

/// <summary>The first reads of a start, under way while the process still sets itself up: one wait for the store in place of three.</summary>
public sealed class ReadAhead
{
    private ReadAhead(Task<RangeResult> config, Task<RangeResult> subnets, Task<RangeResult> claims) => (Config, Subnets, Claims) = (config, subnets, claims);

    /// <summary>The configuration's key.</summary>
    internal Task<RangeResult> Config { get; }

    /// <summary>All leases.</summary>
    internal Task<RangeResult> Subnets { get; }

    /// <summary>All instances' claims.</summary>
    internal Task<RangeResult> Claims { get; }

    /// <summary>Starts to read. A read that fails is done again by whoever needs it; its failure is told then.</summary>
    /// <param name="store">The store.</param>
    /// <param name="prefix">The network's place in it.</param>
    /// <param name="cancellationToken">Ends the reads.</param>
    public static ReadAhead Begin(IStore store, string prefix, CancellationToken cancellationToken)
    {
        var keys = new StoreKeys(prefix);
        return new(Read(KeyRange.One(keys.Config)), Read(keys.Subnets), Read(keys.Claims));

        // On another thread from its first step: the caller's time is what is saved here.
        Task<RangeResult> Read(KeyRange range) => Task.Run(() => store.RangeAsync(range, cancellationToken), cancellationToken);
    }

    /// <summary>The read's answer, or null when it failed in a way that another try may not.</summary>
    internal static async Task<RangeResult?> TryAsync(Task<RangeResult> read)
    {
        try
        {
            return await read.ConfigureAwait(false);
        }
        catch (StoreException)
        {
            return null;
        }
    }
}
