using System.Management.Automation;
using FlannelPS.Checks;
using FlannelPS.Engine.Etcd;

namespace FlannelPS;

/// <summary>What the cmdlets share that run checks of a host and its store.</summary>
public abstract class CheckCommand : StoreCommand
{
    /// <summary>How long a counter of errors that is not zero is watched.</summary>
    internal static readonly TimeSpan Watched = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override void BeginProcessing() => NodeCommand.RequireLinux(this);

    /// <summary>Asks the store; its failure is what the checks judge, and no error of the cmdlet.</summary>
    private protected Func<StoreFacts> StoreFactsOf(StoreTarget target, IStore store, string subnetFile)
        => () => Task.Run(() => StoreFactsReader.ReadAsync(store, target, subnetFile, StopToken), StopToken).GetAwaiter().GetResult();

    /// <summary>Runs checks one by one, each result as it comes.</summary>
    private protected void RunChecks(IEnumerable<Check> checks, CheckFacts facts, string node, Action<FlannelCheckResult> take)
    {
        foreach (var check in checks)
            foreach (var result in Await(token => Task.Run(() => CheckRun.Run(check, facts, node), token).WaitAsync(token)))
                take(result);
    }

    /// <summary>True or false for a Test cmdlet, and the reasons for who wants them.</summary>
    private protected bool Tell(FlannelCheckResult result, bool isDetailed)
    {
        if (isDetailed)
            WriteObject(result);
        else if (result.Status is FlannelTestStatus.Fail or FlannelTestStatus.Warn)
            WriteVerbose(result.ToString());
        return result.Status != FlannelTestStatus.Fail;
    }
}
