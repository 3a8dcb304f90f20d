using FlannelPS.Engine.Etcd;

namespace FlannelPS;

/// <summary>A store that leases are kept in, and one network's place in it: what Connect-FlannelStore opens and the other cmdlets take by -Store.</summary>
public sealed class FlannelStore
{
    internal FlannelStore(string name, StoreTarget target)
        => (Name, Target, Endpoint) = (name, target, [.. target.Options.Endpoints.Select(endpoint => new Uri(endpoint, UriKind.RelativeOrAbsolute))]);

    /// <summary>The name it is known by in this session.</summary>
    public string Name { get; }

    /// <summary>etcd's endpoints, or one <c>local:</c> folder.</summary>
    public IReadOnlyList<Uri> Endpoint { get; }

    /// <summary>Where the network's keys stand.</summary>
    public string Prefix => Target.Prefix;

    /// <summary>etcd's user; null for none.</summary>
    public string? UserName => Target.Options.Username;

    /// <summary><c>Etcd</c> or <c>Local</c>.</summary>
    public string Kind => Endpoint[0].OriginalString.StartsWith("local:", StringComparison.Ordinal) ? "Local" : "Etcd";

    /// <summary>Whether cmdlets use it that name no other.</summary>
    public bool IsDefault { get; internal set; }

    /// <summary>When it was opened.</summary>
    public DateTimeOffset Connected { get; } = DateTimeOffset.Now;

    /// <summary>How to reach it; holds the secrets, and is shown nowhere.</summary>
    internal StoreTarget Target { get; }

    /// <summary>The open connection; null after Disconnect-FlannelStore.</summary>
    internal IStore? Connection { get; set; }

    /// <summary>Its name.</summary>
    public override string ToString() => Name;
}
