namespace FlannelPS;

/// <summary>A check that there is: what it looks at, and by which words it is chosen.</summary>
/// <param name="Name">One word, the same in every version.</param>
/// <param name="Category">Store, Configuration, Lease, Interface, Tunnel, Kernel, Firewall, Files or Node.</param>
/// <param name="Scope">What it is about.</param>
/// <param name="Description">What it looks at, one line.</param>
/// <param name="Tag">Its category and scopes, <c>Simple</c> (looks, in seconds) or <c>Comprehensive</c> (tries with packets, or takes time), <c>RequiresRoot</c>.</param>
public sealed record FlannelCheck(string Name, string Category, FlannelCheckScope Scope, string Description, IReadOnlyList<string> Tag)
{
    /// <summary>Its name.</summary>
    public override string ToString() => Name;
}
