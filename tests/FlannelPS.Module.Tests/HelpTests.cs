using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace FlannelPS.ModuleTests;

/// <summary>The help is complete, says what the metadata say, and is what docs/cmdlets make.</summary>
public sealed class HelpTests
{
    private static IEnumerable<(CmdletFacts Cmdlet, XElement Help)> Both
        => Module.Cmdlets.Where(cmdlet => HelpFile.Entries.ContainsKey(cmdlet.Name)).Select(cmdlet => (cmdlet, HelpFile.Entries[cmdlet.Name]));

    [Fact]
    public void Every_cmdlet_has_help_and_no_other()
    {
        Assert.Equal(Module.Cmdlets.Select(cmdlet => cmdlet.Name), HelpFile.Entries.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(Module.Cmdlets.Select(cmdlet => cmdlet.Name), HelpPage.All.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Nothing_was_left_to_be_filled_in()
        => Expect.None(HelpPage.All.Where(page => page.Value.Text.Contains("{{", StringComparison.Ordinal)).Select(page => page.Key));

    [Fact]
    public void Every_cmdlet_has_a_synopsis_of_one_sentence_and_a_description()
    {
        Expect.None(Both.Where(both => !Regex.IsMatch(HelpFile.Synopsis(both.Help).Trim(), @"^[A-Z][^\n]{10,150}\.$")).Select(both => $"{both.Cmdlet}: {HelpFile.Synopsis(both.Help)}"));
        Expect.None(Both.Where(both => HelpFile.Description(both.Help).Length < 60).Select(both => both.Cmdlet));
    }

    [Fact]
    public void Every_parameter_has_a_text_and_no_other()
    {
        foreach (var (cmdlet, help) in Both)
        {
            string[] common = cmdlet.SupportsShouldProcess ? ["Confirm", "WhatIf"] : [];
            var expected = cmdlet.Parameters.Select(parameter => parameter.Name).Concat(common).Order(StringComparer.Ordinal);
            Assert.Equal($"{cmdlet}: {string.Join(' ', expected)}", $"{cmdlet}: {string.Join(' ', HelpFile.Parameters(help).Select(HelpFile.Name).Order(StringComparer.Ordinal))}");
            Expect.None(HelpFile.Parameters(help).Where(parameter => parameter.Element(HelpFile.Maml + "description")!.Value.Trim().Length < 10).Select(parameter => $"{cmdlet} -{HelpFile.Name(parameter)}"));
        }
    }

    [Fact]
    public void Parameters_are_as_the_metadata_say()
    {
        var wrong = from both in Both
                    from parameter in both.Cmdlet.Parameters
                    let help = HelpFile.Parameters(both.Help).FirstOrDefault(item => HelpFile.Name(item) == parameter.Name)
                    where help is not null
                    let problem = Difference(parameter, help)
                    where problem.Length > 0
                    select $"{both.Cmdlet} -{parameter.Name}: {problem}";
        Expect.None(wrong);
    }

    [Fact]
    public void The_syntax_is_as_the_metadata_say()
    {
        var wrong = from both in Both
                    from item in both.Help.Element(HelpFile.Command + "syntax")!.Elements(HelpFile.Command + "syntaxItem")
                    from name in item.Elements(HelpFile.Command + "parameter").Select(HelpFile.Name)
                    where both.Cmdlet.Parameters.All(parameter => parameter.Name != name) && name is not ("WhatIf" or "Confirm")
                    select $"{both.Cmdlet} -{name}";
        Expect.None(wrong);
    }

    [Fact]
    public void Every_cmdlet_has_two_examples_that_use_it()
        => Expect.None(Both.Where(both => HelpFile.Examples(both.Help).Count(example => Regex.IsMatch(example.Element(HelpFile.Dev + "code")!.Value, $@"\b{both.Cmdlet}\b")) < 2).Select(both => both.Cmdlet));

    [Fact]
    public void Outputs_are_as_the_metadata_say()
    {
        foreach (var (cmdlet, help) in Both)
        {
            var told = help.Element(HelpFile.Command + "returnValues")?.Descendants(HelpFile.Dev + "type").Select(HelpFile.Name).ToList() ?? [];
            var missing = cmdlet.OutputTypes.Select(type => type.FullName!).Distinct().Where(name => !told.Contains(name) && !(name == "System.Void" && told is [] or ["None"]));
            Expect.None(missing.Select(name => $"{cmdlet} does not tell of {name}, but of {string.Join(' ', told)}"));
        }
    }

    [Fact]
    public void Links_lead_somewhere()
    {
        var topics = Directory.EnumerateFiles(Repository.PathOf("en-US"), "about_*.help.txt").Select(file => Path.GetFileName(file).Replace(".help.txt", "", StringComparison.Ordinal))
            .Concat(Module.Cmdlets.Select(cmdlet => cmdlet.Name)).ToHashSet();
        Expect.None(Both.Where(both => !both.Help.Descendants(HelpFile.Maml + "navigationLink").Any()).Select(both => $"{both.Cmdlet} has no link"));
        var dead = from both in Both
                   from link in both.Help.Descendants(HelpFile.Maml + "navigationLink")
                   let text = link.Element(HelpFile.Maml + "linkText")!.Value
                   where link.Element(HelpFile.Maml + "uri")!.Value.Length == 0 && !topics.Contains(text)
                   select $"{both.Cmdlet}: {text}";
        Expect.None(dead);
    }

    [Fact]
    public void The_file_is_what_the_pages_make()
    {
        foreach (var (name, page) in HelpPage.All.Where(page => HelpFile.Entries.ContainsKey(page.Key)))
        {
            var help = HelpFile.Entries[name];
            Same(name, "synopsis", page.Section("SYNOPSIS"), HelpFile.Synopsis(help));
            Same(name, "description", page.Section("DESCRIPTION"), HelpFile.Description(help));
            Same(name, "notes", page.Section("NOTES"), help.Element(HelpFile.Maml + "alertSet")?.Value ?? "");
            Same(name, "parameters", string.Concat(Parameters(page).OrderBy(part => part.Title, StringComparer.OrdinalIgnoreCase).Select(part => part.Title + Prose(part.Text))),
                string.Concat(HelpFile.Parameters(help).Select(parameter => "-" + HelpFile.Name(parameter) + parameter.Element(HelpFile.Maml + "description")!.Value)));
            Same(name, "examples", string.Concat(page.Parts("EXAMPLES").Select(part => part.Title + "\n" + part.Text)),
                string.Concat(HelpFile.Examples(help).Select(example => example.Element(HelpFile.Maml + "title")!.Value.Trim('-', ' ') + "\n" + example.Element(HelpFile.Maml + "introduction")!.Value
                    + example.Element(HelpFile.Dev + "code")!.Value + example.Element(HelpFile.Dev + "remarks")!.Value)));
        }
    }

    private static IEnumerable<(string Title, string Text)> Parameters(HelpPage page) => page.Parts("PARAMETERS").Where(part => part.Title.StartsWith('-'));

    // Without the block of metadata, which the test of the metadata covers.
    private static string Prose(string part) => Regex.Replace(part, @"^```yaml\n.*?^```", "", RegexOptions.Multiline | RegexOptions.Singleline);

    private static void Same(string cmdlet, string what, string page, string help)
        => Assert.True(HelpPage.Bare(page) == HelpPage.Bare(help), $"The {what} of {cmdlet} in en-US/FlannelPS.dll-Help.xml are not those of docs/cmdlets/{cmdlet}.md: run ./build.sh help and commit the result.");

    private static string Difference(ParameterFacts parameter, XElement help)
    {
        var byValue = parameter.Declarations.Any(declaration => Module.Argument(declaration, "ValueFromPipeline", false));
        var byName = parameter.Declarations.Any(declaration => Module.Argument(declaration, "ValueFromPipelineByPropertyName", false));
        var pipeline = (byValue, byName) switch { (true, true) => "true (ByValue, ByPropertyName)", (true, false) => "true (ByValue)", (false, true) => "true (ByPropertyName)", _ => "false" };
        var aliases = parameter.Aliases.Count == 0 ? "none" : string.Join(' ', parameter.Aliases.Order(StringComparer.OrdinalIgnoreCase));
        var told = string.Join(' ', help.Attribute("aliases")!.Value.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.OrdinalIgnoreCase));
        return aliases != told ? $"aliases {told}, not {aliases}"
            : help.Attribute("globbing")!.Value != (parameter.TakesWildcards ? "true" : "false") ? "wildcards"
            : help.Attribute("pipelineInput")!.Value != pipeline ? $"pipeline {help.Attribute("pipelineInput")!.Value}, not {pipeline}"
            : help.Attribute("required")!.Value == "true" && !parameter.IsMandatory ? "required"
            : help.Element(HelpFile.Dev + "type")!.Element(HelpFile.Maml + "name")!.Value is var type && type.Replace("System.Nullable`1[", "", StringComparison.Ordinal).Split('[')[0].Split('.')[^1].TrimEnd(']') != parameter.TypeName.TrimEnd('?').Replace("[]", "", StringComparison.Ordinal)
                ? $"type {type}, not {parameter.TypeName}" : "";
    }
}
