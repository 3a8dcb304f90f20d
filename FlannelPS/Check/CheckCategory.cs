namespace FlannelPS.Checks;

/// <summary>The categories of checks.</summary>
internal static class CheckCategory
{
    public const string Store = nameof(Store), Configuration = nameof(Configuration), Lease = nameof(Lease), Interface = nameof(Interface), Tunnel = nameof(Tunnel),
        Kernel = nameof(Kernel), Firewall = nameof(Firewall), Files = nameof(Files), Node = nameof(Node);
}
