using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using FlannelPS.Engine.Hosting;

namespace FlannelPS;

/// <summary>Completes the names of nodes that may have a log.</summary>
public sealed class LogNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completion.Ask(wordToComplete, _ => Task.FromResult<IEnumerable<(string, string)>>(LocalNodes.Names().Union(LogSource.Names()).Select(name => (name, "")).ToList()));
}
