using System.Text;
using System.Text.RegularExpressions;

namespace FlannelPS.ModuleTests;

/// <summary>The about topics: their form, and that they tell all of what they are about.</summary>
public sealed partial class AboutTests
{
    public static TheoryData<string> Topics => [.. Directory.EnumerateFiles(Repository.PathOf("en-US"), "about_*.help.txt").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    /// <summary>PowerShell-Docs, developer/help/writing-help-for-windows-powershell-modules.md.</summary>
    [Theory]
    [MemberData(nameof(Topics))]
    public void A_topic_has_the_form_that_Get_Help_finds_it_by(string file)
    {
        var bytes = File.ReadAllBytes(Repository.PathOf("en-US", file));
        Assert.Equal([0xEF, 0xBB, 0xBF], bytes[..3]);
        var lines = Encoding.UTF8.GetString(bytes[3..]).Split('\n');
        Assert.Equal("TOPIC", lines[0]);
        Assert.Equal("    " + file.Replace(".help.txt", "", StringComparison.Ordinal), lines[1]);
        Assert.Equal("", lines[2]);
        Assert.Equal("SYNOPSIS", lines[3]);
        Assert.Matches("^    [A-Z].*\\.$", lines[4]);
        Assert.Equal("", lines[5]);
        Expect.None(lines.Where(line => line.Length > 80 || line.EndsWith(' ') || line.Contains('\t') || line.Contains('\r')));
    }

    [Fact]
    public void Error_ids_are_unique_single_words_and_equal_their_names()
    {
        var errors = Errors();
        Assert.True(errors.Count > 40, "The errors were not found.");
        Assert.Equal(errors.Count, errors.Select(error => error.Id).Distinct().Count());
        Expect.None(errors.Where(error => error.Field != error.Id || !Word().IsMatch(error.Id) || error.Category == "NotSpecified" || !error.Action.EndsWith('.')).Select(error => error.Id));
        // Nothing raises an error past the list.
        Expect.None(Repository.Sources().Where(file => !file.EndsWith("FlannelError.cs", StringComparison.Ordinal) && File.ReadAllText(file).Contains("new ErrorRecord(", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_error_is_raised_somewhere()
    {
        var code = string.Concat(Repository.Sources().Where(file => !file.EndsWith("FlannelError.cs", StringComparison.Ordinal)).Select(File.ReadAllText));
        Expect.None(Errors().Where(error => !Regex.IsMatch(code, $@"FlannelError\.{error.Id}\b")).Select(error => error.Id));
    }

    [Fact]
    public void The_topic_of_errors_has_each_with_category_time_and_action()
    {
        var topic = Repository.Read("en-US", "about_FlannelPS_Errors.help.txt");
        var told = Entry().Matches(topic).Select(match => (Id: match.Groups["id"].Value, Category: match.Groups["category"].Value, When: OneLine(match.Groups["when"].Value), Action: OneLine(match.Groups["action"].Value))).ToList();
        Assert.Equal(Errors().Select(error => $"{error.Id} {error.Category} {error.Action}"), told.Select(entry => $"{entry.Id} {entry.Category} {entry.Action}"));
        Expect.None(told.Where(entry => entry.When.Length < 20));
    }

    [Fact]
    public void The_topic_of_migration_has_every_flag_with_its_parameter()
    {
        var topic = Repository.Read("en-US", "about_FlannelPS_Migration.help.txt");
        var flags = Flag().Matches(File.ReadAllText(Repository.PathOf("FlannelPS.Engine", "Hosting", "DaemonFlags.cs"))).Select(match => match.Groups[1].Value)
            .Where(flag => flag.Length > 0).Concat(IgnoredFlags()).Distinct().ToList();
        Assert.True(flags.Count > 40, "The flags were not found.");
        Expect.None(flags.Where(flag => !Regex.IsMatch(topic, $@"^    --{Regex.Escape(flag)}(\s|$)", RegexOptions.Multiline)));

        // A parameter that has a flag as its alias stands beside it.
        var start = Module.Cmdlets.Single(cmdlet => cmdlet.Name == "Start-FlannelNode");
        var pairs = start.Parameters.SelectMany(parameter => parameter.Aliases.Where(flags.Contains).Select(flag => (flag, parameter.Name)));
        Expect.None(pairs.Where(pair => !Regex.IsMatch(topic, $@"^    --{Regex.Escape(pair.flag)} +-{pair.Name}(\s|$)", RegexOptions.Multiline)));
    }

    [Fact]
    public void Topics_name_only_cmdlets_and_parameters_there_are()
    {
        foreach (var file in Directory.EnumerateFiles(Repository.PathOf("en-US"), "about_*.help.txt"))
            Expect.None(CmdletName().Matches(File.ReadAllText(file)).Select(match => match.Value).Distinct().Where(name => !Module.Exports.Contains(name)).Select(name => $"{Path.GetFileName(file)}: {name}"));
    }

    private static List<(string Field, string Id, string Category, string Action)> Errors()
        => [.. Error().Matches(Repository.Read("FlannelPS", "FlannelError.cs")).Select(match => (match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value, match.Groups[4].Value))];

    // The two arrays of names that are taken and do nothing.
    private static IEnumerable<string> IgnoredFlags()
        => IgnoredList().Matches(File.ReadAllText(Repository.PathOf("FlannelPS.Engine", "Hosting", "DaemonFlags.cs"))).SelectMany(match => QuotedWord().Matches(match.Groups[1].Value)).Select(match => match.Groups[1].Value);

    private static string OneLine(string text) => Spaces().Replace(text.Trim(), " ");

    [GeneratedRegex(@"FlannelError (\w+) = new\(nameof\((\w+)\), ErrorCategory\.(\w+),\s*""((?:[^""\\]|\\.)*)""\)")]
    private static partial Regex Error();

    [GeneratedRegex(@"^    (?<id>\w+)\n        Category: (?<category>\w+)\n        When: (?<when>.*?)\n        Action: (?<action>.*?)\n\n", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Entry();

    [GeneratedRegex(@"\b(?:Text|Number|Switch|Many|Address)\(""([\w-]+)""|Option<bool>\(""--([\w-]+)""")]
    private static partial Regex Flag();

    [GeneratedRegex(@"string\[\] Ignored\w+ =\s*\[([^\]]*)\]")]
    private static partial Regex IgnoredList();

    [GeneratedRegex(@"""([\w-]+)""")]
    private static partial Regex QuotedWord();

    [GeneratedRegex(@"\b[A-Z][a-z]+-Flannel\w+")]
    private static partial Regex CmdletName();

    [GeneratedRegex("^[A-Z][A-Za-z]+$")]
    private static partial Regex Word();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
