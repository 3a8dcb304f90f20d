using System.Net;
using FlannelPS.Engine.Node;

namespace FlannelPS;

/// <summary>What a node tells container runtimes and CNI plugins in its subnet file: network, own subnet, MTU, and who masquerades.</summary>
public sealed class FlannelSubnetEnv
{
    private readonly SubnetEnv _env;

    internal FlannelSubnetEnv(SubnetEnv env, string? sourceFile) => (_env, SourceFile) = (env, sourceFile);

    /// <summary>The IPv4 network of all hosts; null where IPv4 is off.</summary>
    public IPNetwork? Network => _env.Network;

    /// <summary>This host's part of it.</summary>
    public IPNetwork? Subnet => _env.Subnet;

    /// <summary>The address of this host's bridge, which the file states with the subnet's length.</summary>
    public IPAddress? Gateway => Subnet is { } subnet ? SubnetEnv.FirstHost(subnet) : null;

    /// <summary>The IPv6 network; null where IPv6 is off.</summary>
    public IPNetwork? IPv6Network => _env.IPv6Network;

    /// <summary>This host's part of it.</summary>
    public IPNetwork? IPv6Subnet => _env.IPv6Subnet;

    /// <summary>The IPv6 address of this host's bridge.</summary>
    public IPAddress? IPv6Gateway => IPv6Subnet is { } subnet ? SubnetEnv.FirstHost(subnet) : null;

    /// <summary>MTU of containers, bytes; 0 when the file did not say.</summary>
    public int Mtu => _env.Mtu;

    /// <summary>Whether the node masquerades, so that nobody else need.</summary>
    public bool IPMasquerade => _env.IpMasq;

    /// <summary>The file it was read from; null when it was made otherwise.</summary>
    public string? SourceFile { get; }

    /// <summary>The file's text.</summary>
    internal string Text => _env.Render();

    /// <summary>The file's text, as it is exported.</summary>
    public override string ToString() => Text;
}
