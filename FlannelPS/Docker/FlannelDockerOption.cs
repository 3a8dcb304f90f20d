namespace FlannelPS;

/// <summary>The options with which Docker's daemon puts its bridge on the overlay.</summary>
public sealed class FlannelDockerOption
{
    internal FlannelDockerOption(string? bridgeIP, bool? ipMasquerade, string? mtu)
        => (BridgeIP, IPMasquerade, Mtu) = (bridgeIP, ipMasquerade, mtu is null ? null : int.Parse(mtu));

    /// <summary><c>--bip</c>: address and length of Docker's bridge; null when the file states none.</summary>
    public string? BridgeIP { get; }

    /// <summary><c>--ip-masq</c>: whether Docker masquerades, which it must not when the node does; null when the option is left out.</summary>
    public bool? IPMasquerade { get; }

    /// <summary><c>--mtu</c>: MTU of Docker's bridge and containers, bytes; null when the file states none.</summary>
    public int? Mtu { get; }

    /// <summary>The options, ready for dockerd's command line.</summary>
    public string[] Option => [.. Variables.Select(variable => variable.Value)];

    /// <summary>Each option under the name it has as a variable, in the order of the names.</summary>
    internal IEnumerable<(string Name, string Value)> Variables
    {
        get
        {
            if (BridgeIP is not null)
                yield return ("DOCKER_OPT_BIP", "--bip=" + BridgeIP);
            if (IPMasquerade is { } masquerade)
                yield return ("DOCKER_OPT_IPMASQ", masquerade ? "--ip-masq=true" : "--ip-masq=false");
            if (Mtu is { } mtu)
                yield return ("DOCKER_OPT_MTU", $"--mtu={mtu}");
        }
    }

    /// <summary>The options in one line.</summary>
    public override string ToString() => string.Join(' ', Option);
}
