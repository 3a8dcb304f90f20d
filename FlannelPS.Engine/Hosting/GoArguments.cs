using System.CommandLine;
using System.Diagnostics.CodeAnalysis;

namespace FlannelPS.Engine.Hosting;

/// <summary>Turns arguments in the manner of Go's flag package into <c>--name=value</c>, which no parser can misread.</summary>
/// <remarks>Go flag.FlagSet.parseOne: a flag that is no switch takes the next argument, even one that begins with a dash.</remarks>
internal static class GoArguments
{
    /// <summary>Normalizes; the problem names the first argument that does not fit.</summary>
    /// <param name="args">As typed.</param>
    /// <param name="flags">The flags there are, by name without dashes.</param>
    /// <param name="tokens">One <c>--name=value</c> per flag given.</param>
    /// <param name="given">The names of the flags given.</param>
    /// <param name="problem">Why it failed.</param>
    public static bool TryNormalize(
        IReadOnlyList<string> args, Dictionary<string, Option> flags, out List<string> tokens, out HashSet<string> given, [NotNullWhen(false)] out string? problem)
    {
        tokens = [];
        given = [];
        problem = null;
        for (var i = 0; i < args.Count; i++)
        {
            var argument = args[i];
            if (argument is "-h")
                argument = "--help";
            if (argument.Length < 2 || argument[0] != '-' || argument == "--")
                return Fail($"unexpected argument '{argument}'", out problem);
            var name = argument[(argument[1] == '-' ? 2 : 1)..];
            var equals = name.IndexOf('=');
            var value = equals < 0 ? null : name[(equals + 1)..];
            name = equals < 0 ? name : name[..equals];
            if (!flags.TryGetValue(name, out var flag))
                return Fail($"unknown flag '{args[i].Split('=')[0]}'", out problem);
            if (given.Add(name) && name == "help")
                continue;
            if (value is null && flag is Option<bool>)
                value = "true";
            else if (value is null && ++i < args.Count)
                value = args[i];
            if (value is null)
                return Fail($"--{name} needs a value", out problem);
            if (!TryAppend(tokens, flag, value))
                return Fail($"--{name}: '{value}' is not true or false", out problem);
        }
        return true;
    }

    /// <summary>Appends a flag and its value. Go knows more words for true and false than the parser behind this.</summary>
    /// <remarks>Go strconv.ParseBool.</remarks>
    public static bool TryAppend(List<string> tokens, Option flag, string value)
    {
        var word = flag is not Option<bool> ? value : value switch
        {
            "1" or "t" or "T" or "true" or "TRUE" or "True" => "true",
            "0" or "f" or "F" or "false" or "FALSE" or "False" => "false",
            _ => null,
        };
        if (word is { Length: > 0 })
            tokens.Add($"{flag.Name}={word}");
        else if (word is not null)
            tokens.AddRange([flag.Name, ""]);    // behind "=" the parser would take nothing for no value
        return word is not null;
    }

    private static bool Fail(string reason, out string problem)
    {
        problem = reason;
        return false;
    }
}
