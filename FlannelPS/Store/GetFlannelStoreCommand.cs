using System.Management.Automation;

namespace FlannelPS.Commands;

/// <summary>Shows the stores that this session has open.</summary>
[Cmdlet(VerbsCommon.Get, "FlannelStore")]
[OutputType(typeof(FlannelStore))]
public sealed class GetFlannelStoreCommand : FlannelCommand
{
    /// <summary>Which; wildcards allowed.</summary>
    [Parameter(Position = 0)]
    [ArgumentCompleter(typeof(StoreNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach (var name in Name)
        {
            var pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
            var found = StoreSession.Current.Stores.Where(store => pattern.IsMatch(store.Name)).ToList();
            if (found.Count == 0 && !WildcardPattern.ContainsWildcardCharacters(name))
                WriteError(FlannelError.StoreNotConnected.Record($"No store of the name '{name}' is open in this session.", name));
            WriteObject(found, enumerateCollection: true);
        }
    }
}
