using System.Management.Automation;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Commands;

/// <summary>Tells whether a store answers and has a leader.</summary>
[Cmdlet(VerbsDiagnostic.Test, "FlannelStore")]
[OutputType(typeof(bool), typeof(FlannelStoreStatus))]
public sealed class TestFlannelStoreCommand : StoreCommand
{
    /// <summary>One object an endpoint in place of true or false.</summary>
    [Parameter]
    public SwitchParameter Detailed { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var answers = Ask((store, token) => StatusAsync(store, new StoreKeys(NetworkPrefix).Config, token));
        if (Detailed)
        {
            WriteObject(answers, enumerateCollection: true);
            return;
        }
        foreach (var bad in answers.Where(answer => !answer.Healthy))
            WriteVerbose($"{bad.Endpoint}: {bad.Problem}");
        WriteObject(answers.Exists(answer => answer.Healthy));
    }

    /// <summary>A member tells its state to anybody. Whether the store serves this user, and has a majority, only a read tells.</summary>
    private static async Task<List<FlannelStoreStatus>> StatusAsync(IStore store, string key, CancellationToken cancellationToken)
    {
        var asked = store.StatusAsync(cancellationToken);
        var read = ProblemAsync(store, key, cancellationToken);
        var problem = await read.ConfigureAwait(false);
        return (await asked.ConfigureAwait(false)).Select(answer => Status(answer, problem)).ToList();
    }

    private static async Task<string?> ProblemAsync(IStore store, string key, CancellationToken cancellationToken)
    {
        try
        {
            await store.RangeAsync(KeyRange.One(key), cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (StoreException e)
        {
            return e.Message;
        }
    }

    private static FlannelStoreStatus Status(EndpointStatus answer, string? problem)
    {
        var why = answer.Error ?? (answer.HasLeader ? problem : "it knows no leader") ?? "";
        return new(answer.Endpoint, why.Length == 0, answer.IsLeader, answer.Version, why);
    }
}
