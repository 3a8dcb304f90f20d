using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace FlannelPS;

/// <summary>Completes the states of routes.</summary>
public sealed class RouteStateCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completion.Of(wordToComplete,
        [
            ("Active", "It stands"), ("Down", "It stands, and its interface is down"), ("Missing", "A peer has none"),
            ("Foreign", "Somebody else's stands where a peer's belongs"), ("Stale", "It stands, and no peer needs it"),
        ]);
}
