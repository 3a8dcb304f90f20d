using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using FlannelPS.Engine.Leases;

namespace FlannelPS;

/// <summary>Completes the subnets of leases, from the store that the command line, or the session, names.</summary>
public sealed class LeaseSubnetCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var target = StoreTarget.Typed(fakeBoundParameters);
        return Completion.Ask(wordToComplete, async token =>
        {
            await using var store = Engine.Etcd.Store.Open(target.Options);
            var keys = new StoreKeys(target.Prefix);
            var range = await store.RangeAsync(keys.Subnets, token).ConfigureAwait(false);
            return range.Keys.Select(item => LeaseReader.Read(keys.SubnetPrefix, item)).OfType<Lease>()
                .Select(lease => (lease.Subnet.IPv4.ToString(), $"{lease.Attributes.PublicIp} {lease.Attributes.BackendType}")).ToList();
        });
    }
}
