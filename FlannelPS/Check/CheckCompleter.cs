using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using FlannelPS.Checks;

namespace FlannelPS;

/// <summary>Completes names, categories and tags of checks.</summary>
public sealed class CheckCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var all = CheckList.All().Select(check => check.About);
        var words = parameterName switch
        {
            "Category" => all.Select(check => check.Category),
            "Tag" or "ExcludeTag" => all.SelectMany(check => check.Tag),
            _ => all.Select(check => check.Name),
        };
        return Completion.Of(wordToComplete, words.Distinct().Select(word => (word, "")));
    }
}
