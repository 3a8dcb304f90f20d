using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace FlannelPS;

/// <summary>Completes the names of open stores.</summary>
public sealed class StoreNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completion.Of(wordToComplete, StoreSession.Current.Stores.Select(store => (store.Name, $"{string.Join(',', store.Endpoint)} {store.Prefix}")));
}
