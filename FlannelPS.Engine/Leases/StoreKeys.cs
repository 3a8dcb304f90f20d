using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Leases;

/// <summary>Where things stand below a network's prefix.</summary>
/// <remarks>Sections 1.2 and R1 of the behaviour reference: nothing of ours is ever written below <c>subnets</c> that is no lease.</remarks>
internal sealed class StoreKeys
{
    /// <summary>Takes the prefix as the original's path join does: slashes at the end and doubled ones fall away, a missing first one is not added.</summary>
    public StoreKeys(string prefix)
    {
        var rooted = prefix.StartsWith('/');
        Prefix = (rooted ? "/" : "") + string.Join('/', prefix.Split('/', StringSplitOptions.RemoveEmptyEntries));
        if (Prefix is "" or "/")
            throw new ArgumentException($"The etcd prefix '{prefix}' names no place; the usual one is /coreos.com/network.", nameof(prefix));
        Subnets = KeyRange.Prefix(SubnetPrefix);
        Claims = KeyRange.Prefix(ClaimPrefix);
    }

    /// <summary>Without a slash at the end.</summary>
    public string Prefix { get; }

    /// <summary>The configuration's key.</summary>
    public string Config => Prefix + "/config";

    /// <summary>What every lease's key begins with. The slash keeps <c>subnets-x</c> out .</summary>
    public string SubnetPrefix => Prefix + "/subnets/";

    /// <summary>All leases.</summary>
    public KeyRange Subnets { get; }

    /// <summary>What every instance's claim begins with.</summary>
    public string ClaimPrefix => Prefix + "/flannelps/nodes/";

    /// <summary>All claims.</summary>
    public KeyRange Claims { get; }

    /// <summary>The key of one lease.</summary>
    public string Of(Subnet subnet) => SubnetPrefix + subnet.ToKey();
}
