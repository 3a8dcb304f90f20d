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
            ("Reachable", "It answers, at full length too"), ("Lossy", "It answers, and a good part of the packets is lost"), ("MtuLimited", "It answers short packets alone"),
            ("OneWay", "Its probes arrive here, and it does not answer ours"), ("Unreachable", "It does not answer"),
            ("Programmed", "It stands in the kernel, and probes have not decided yet or are off"), ("Refused", "Its lease is not believed"), ("Failed", "The kernel refused, or somebody else's object stands in its place"),
        ]);
}
