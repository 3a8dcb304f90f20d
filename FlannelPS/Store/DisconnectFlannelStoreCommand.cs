using System.Management.Automation;

namespace FlannelPS.Commands;

/// <summary>Closes a store.</summary>
[Cmdlet(VerbsCommunications.Disconnect, "FlannelStore", DefaultParameterSetName = "Name", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class DisconnectFlannelStoreCommand : FlannelCommand
{
    /// <summary>Which; wildcards allowed. Without it the default one.</summary>
    [Parameter(Position = 0, ParameterSetName = "Name", ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StoreNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Name { get; set; }

    /// <summary>The store.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Store", ValueFromPipeline = true)]
    [ValidateNotNull]
    public FlannelStore? Store { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var session = StoreSession.Current;
        var chosen = Store is not null ? [Store] : Name is null ? session.Default is { } open ? [open] : [] : Name.SelectMany(Find).ToList();
        foreach (var store in chosen)
        {
            if (!ShouldProcess(store.Name, "Disconnect store"))
                continue;
            Close(store);
            session.Remove(store);
        }
    }

    /// <summary>Closes the connection; a second time does nothing.</summary>
    internal static void Close(FlannelStore store)
    {
        var connection = store.Connection;
        store.Connection = null;
        connection?.DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(1));
    }

    private List<FlannelStore> Find(string name)
    {
        var pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
        var found = StoreSession.Current.Stores.Where(store => pattern.IsMatch(store.Name)).ToList();
        if (found.Count == 0 && !WildcardPattern.ContainsWildcardCharacters(name))
            WriteError(FlannelError.StoreNotConnected.Record($"No store of the name '{name}' is open in this session.", name));
        return found;
    }
}
