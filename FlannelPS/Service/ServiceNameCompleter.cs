using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace FlannelPS;

/// <summary>Completes the names of this host's services.</summary>
public sealed class ServiceNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completion.Ask(wordToComplete, _ => Task.FromResult<IEnumerable<(string, string)>>(ServicePaths.Names().Select(name => (name, "")).ToList()));
}
