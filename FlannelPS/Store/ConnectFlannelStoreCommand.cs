using System.Management.Automation;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Commands;

/// <summary>Opens a store, verifies that it answers, and makes it the session's default.</summary>
[Cmdlet(VerbsCommunications.Connect, "FlannelStore")]
[OutputType(typeof(FlannelStore))]
public sealed class ConnectFlannelStoreCommand : StoreCommand
{
    /// <summary>The name it is known by; an open store of that name is replaced.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "default";

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (Store is not null)
            Fail(FlannelError.ParameterConflict, "-Store names a store that is open already; there is nothing to connect.", Store);
        var target = NewTarget();
        var connection = Open(target);
        try
        {
            // A read under the prefix proves more than a status: user, rights and a leader.
            Await(token => connection.RangeAsync(KeyRange.One(new StoreKeys(target.Prefix).Config), token));
        }
        catch (Exception e)
        {
            connection.DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(1));
            if (e is StoreException failure)
                FailStore(failure);
            throw;
        }
        var store = new FlannelStore(Name, target) { Connection = connection };
        if (StoreSession.Current.Add(store) is { } replaced)
            DisconnectFlannelStoreCommand.Close(replaced);
        WriteObject(store);
    }
}
