using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;

namespace FlannelPS;

/// <summary>The stores that one runspace has open. Parallel runspaces share none, so they do not disturb each other.</summary>
internal sealed class StoreSession
{
    private static readonly ConditionalWeakTable<Runspace, StoreSession> Sessions = [];
    private readonly List<FlannelStore> _stores = [];

    /// <summary>The session of the runspace that asks.</summary>
    public static StoreSession Current => Sessions.GetValue(Runspace.DefaultRunspace, _ => new StoreSession());

    /// <summary>What is open, in the order it was opened.</summary>
    public IReadOnlyList<FlannelStore> Stores => Open();

    /// <summary>What cmdlets use that name no other: what was opened last.</summary>
    public FlannelStore? Default => Open() is [.., var last] ? last : null;

    /// <summary>Takes a store in as the default.</summary>
    /// <returns>The store of that name that it replaces.</returns>
    public FlannelStore? Add(FlannelStore store)
    {
        var replaced = _stores.Find(other => other.Name.Equals(store.Name, StringComparison.OrdinalIgnoreCase));
        if (replaced is not null)
            _stores.Remove(replaced);
        _stores.Add(store);
        MarkDefault();
        return replaced;
    }

    /// <summary>Takes a store out.</summary>
    public void Remove(FlannelStore store)
    {
        _stores.Remove(store);
        store.IsDefault = false;
        MarkDefault();
    }

    // Another runspace that was handed the store may have closed it.
    private List<FlannelStore> Open()
    {
        if (_stores.RemoveAll(store => store.Connection is null) > 0)
            MarkDefault();
        return _stores;
    }

    private void MarkDefault() => _stores.ForEach(store => store.IsDefault = ReferenceEquals(store, _stores[^1]));
}
