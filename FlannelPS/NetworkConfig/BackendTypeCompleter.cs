using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using FlannelPS.Engine.Backends;

namespace FlannelPS;

/// <summary>Completes the names of backends.</summary>
public sealed class BackendTypeCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completion.Of(wordToComplete, OriginalBackends.Types.Select(type => (type, BackendRegistry.Has(type)
            ? $"options: {(OriginalBackends.OptionsOf(type).Count == 0 ? "none" : string.Join(", ", OriginalBackends.OptionsOf(type)))}"
            : "for nodes of flannel itself")));
}
