namespace FlannelPS.Engine.Etcd;

/// <summary>Times and sizes of the etcd client that no operator needs to know; tests shorten them.</summary>
internal sealed record EtcdStoreSettings
{
    /// <summary>Keys a page of a range read.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>Keys of the first page where pages are used as they come.</summary>
    public int FirstPageSize { get; init; } = 32;

    /// <summary>Largest message taken, in bytes; a page that is larger is read in smaller ones.</summary>
    public int MaxReceiveLength { get; init; } = 64 * 1024 * 1024;

    /// <summary>How long a call waits for a connection before it tries the next endpoint, where there are several.</summary>
    public TimeSpan ConnectPatience { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a call may be without an answer before the member is asked whether it lives, where there are several.</summary>
    public TimeSpan ProbeAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a member may take to answer that.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>First wait between two passes over the endpoints; it doubles up to <see cref="MaxBackOff"/>.</summary>
    public TimeSpan BackOff { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>Longest wait between two passes.</summary>
    public TimeSpan MaxBackOff { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Passes over all endpoints after which a cluster that takes no connection is given up, to let the caller say so.</summary>
    public int MaxUnconnectedPasses { get; init; } = 3;

    /// <summary>Silence of a watch after which etcd is asked for progress.</summary>
    public TimeSpan WatchSilence { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long etcd may take to answer that.</summary>
    public TimeSpan WatchAnswer { get; init; } = TimeSpan.FromSeconds(10);
}
