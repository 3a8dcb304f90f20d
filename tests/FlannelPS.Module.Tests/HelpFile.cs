using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace FlannelPS.ModuleTests;

/// <summary>The help that Get-Help reads, by cmdlet.</summary>
internal static class HelpFile
{
    public static readonly XNamespace Maml = "http://schemas.microsoft.com/maml/2004/10", Command = "http://schemas.microsoft.com/maml/dev/command/2004/10",
        Dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    /// <summary>The entries of the committed file.</summary>
    public static IReadOnlyDictionary<string, XElement> Entries { get; } =
        XDocument.Parse(Repository.Read("en-US", "FlannelPS.dll-Help.xml")).Root!.Elements(Command + "command")
            .ToDictionary(entry => entry.Element(Command + "details")!.Element(Command + "name")!.Value);

    public static string Synopsis(XElement entry) => entry.Element(Command + "details")!.Element(Maml + "description")!.Value;

    public static string Description(XElement entry) => entry.Element(Maml + "description")!.Value;

    public static IEnumerable<XElement> Parameters(XElement entry) => entry.Element(Command + "parameters")!.Elements(Command + "parameter");

    public static IReadOnlyList<XElement> Examples(XElement entry) => [.. entry.Element(Command + "examples")!.Elements(Command + "example")];

    public static string Name(XElement item) => item.Element(Maml + "name")!.Value;
}

/// <summary>One page of docs/cmdlets.</summary>
internal sealed partial class HelpPage(string text)
{
    /// <summary>All pages, by cmdlet.</summary>
    public static IReadOnlyDictionary<string, HelpPage> All { get; } =
        Directory.EnumerateFiles(Repository.PathOf("docs", "cmdlets"), "*-*.md").ToDictionary(file => Path.GetFileNameWithoutExtension(file), file => new HelpPage(File.ReadAllText(file)));

    public string Text => text;

    /// <summary>A section's text, without its title; its parts have one # more.</summary>
    public string Section(string title) => Regex.Match(text, $@"^## {title}[ ]*\n(.*?)(?=^## |\z)", RegexOptions.Multiline | RegexOptions.Singleline).Groups[1].Value;

    /// <summary>The parts of a section, by their titles, in order.</summary>
    public IEnumerable<(string Title, string Text)> Parts(string section)
        => Part().Matches(Section(section)).Select(match => (match.Groups[1].Value.Trim(), match.Groups[2].Value));

    /// <summary>What is left of a text that is markdown in one place and plain in the other.</summary>
    public static string Bare(string markdown) => Marks().Replace(Link().Replace(Fence().Replace(markdown, ""), "$1"), "");

    [GeneratedRegex(@"^### ([^\n]*)\n(.*?)(?=^### |\z)", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Part();

    [GeneratedRegex(@"^```.*$", RegexOptions.Multiline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"\[([^\]]+)\]\([^)]*\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"[`\s]|\*\*")]
    private static partial Regex Marks();
}
