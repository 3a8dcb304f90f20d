namespace FlannelPS;

/// <summary>Whether a node lives and is ready.</summary>
public sealed class FlannelHealth
{
    internal FlannelHealth(string name, Uri? uri, bool isAlive, bool? isReady, IReadOnlyList<string> reason, TimeSpan latency)
        => (Name, Uri, IsAlive, IsReady, Reason, Latency) = (name, uri, isAlive, isReady, reason, latency);

    /// <summary>The node; of a remote one its host.</summary>
    public string Name { get; }

    /// <summary>Where it was asked; null for a node of this host.</summary>
    public Uri? Uri { get; }

    /// <summary>Whether it runs, and none of its loops hangs.</summary>
    public bool IsAlive { get; }

    /// <summary>Whether it does its work; null where that is not told, as by flanneld.</summary>
    public bool? IsReady { get; }

    /// <summary>Why it is not.</summary>
    public IReadOnlyList<string> Reason { get; }

    /// <summary>How long it took to answer.</summary>
    public TimeSpan Latency { get; }

    /// <summary>Name and state.</summary>
    public override string ToString() => $"{Name}: {(!IsAlive ? "dead" : IsReady == true ? "ready" : IsReady is null ? "alive" : "not ready")}";
}
