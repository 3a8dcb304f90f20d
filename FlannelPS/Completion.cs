using System.Management.Automation;
using System.Management.Automation.Language;

namespace FlannelPS;

/// <summary>What all completers share: quoting, wildcards, and an end to waiting, because the prompt stands still meanwhile.</summary>
internal static class Completion
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(0.8);

    /// <summary>The words that go on from what is typed.</summary>
    /// <param name="typed">What is typed, with its quotes.</param>
    /// <param name="words">Each with its tool tip.</param>
    public static IEnumerable<CompletionResult> Of(string typed, IEnumerable<(string Text, string ToolTip)> words)
    {
        var quote = typed is ['\'' or '"', ..] ? typed[..1] : "";
        var pattern = WildcardPattern.Get(typed.Trim('\'', '"') + "*", WildcardOptions.IgnoreCase);
        return words.Where(word => pattern.IsMatch(word.Text)).OrderBy(word => word.Text, StringComparer.OrdinalIgnoreCase)
            .Select(word => new CompletionResult(Quoted(word.Text, quote), word.Text, CompletionResultType.ParameterValue, word.ToolTip.Length > 0 ? word.ToolTip : word.Text));
    }

    /// <summary>Looks words up that somebody else has to be asked for. A failure, or no answer in time, is no completion.</summary>
    public static IEnumerable<CompletionResult> Ask(string typed, Func<CancellationToken, Task<IEnumerable<(string Text, string ToolTip)>>> lookUp)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            var task = Task.Run(() => lookUp(patience.Token), patience.Token);
            return task.Wait(Patience) ? Of(typed, task.Result).ToList() : [];
        }
        catch (AggregateException)
        {
            return [];    // a completer must not write errors into the prompt
        }
    }

    private static string Quoted(string word, string quote)
        => quote.Length > 0 || word.Any(character => !char.IsLetterOrDigit(character) && character is not ('-' or '.' or '/' or ':' or '_'))
            ? (quote == "\"" ? $"\"{word}\"" : $"'{CodeGeneration.EscapeSingleQuotedStringContent(word)}'")
            : word;
}
