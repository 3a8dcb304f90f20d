using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using FlannelPS.Engine.Hosting;

namespace FlannelPS;

/// <summary>Completes the names of this host's nodes.</summary>
public sealed class NodeNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completion.Ask(wordToComplete, _ => Task.FromResult<IEnumerable<(string, string)>>(LocalNodes.Names().Select(name => (name, "")).ToList()));
}
