using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using FlannelPS.Engine.Hosting;

namespace FlannelPS;

/// <summary>Completes the subnets of the peers of this host's nodes.</summary>
public sealed class PeerSubnetCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completion.Ask(wordToComplete, async token =>
        {
            var found = new List<(string, string)>();
            foreach (var name in LocalNodes.Names())
            {
                try
                {
                    var answer = await LocalNodes.AskAsync(name, ControlVerbs.Peers, null, TimeSpan.FromSeconds(0.5), token).ConfigureAwait(false);
                    found.AddRange(answer.Objects().Select(peer => (peer.Text("subnet") ?? "", peer.Text("publicIp") ?? "")));
                }
                catch (NodeSilentException)
                {
                    // That one says nothing; others may.
                }
            }
            return found.DistinctBy(item => item.Item1);
        });
}
