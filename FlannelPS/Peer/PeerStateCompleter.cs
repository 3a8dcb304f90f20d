using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace FlannelPS;

/// <summary>Completes the states of peers.</summary>
public sealed class PeerStateCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completion.Of(wordToComplete,
        [
            ("Programmed", "It stands in the kernel"), ("Refused", "Its lease is not believed"), ("Failed", "The kernel refused, or somebody else's object stands in its place"),
        ]);
}
