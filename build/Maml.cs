using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

/// <summary>Finishes PlatyPS's help file: code where Get-Help looks for code, paragraphs as paragraphs, and no markdown in the text.</summary>
internal static partial class Maml
{
    private static readonly XNamespace Text = "http://schemas.microsoft.com/maml/2004/10", Dev = "http://schemas.microsoft.com/maml/dev/2004/10",
        Command = "http://schemas.microsoft.com/maml/dev/command/2004/10";

    public static string Finish(XDocument help)
    {
        foreach (var example in help.Descendants(Command + "example"))
        {
            Split(example);
        }

        foreach (var texts in help.Descendants(Text + "description").Concat(help.Descendants(Text + "alert")).ToList())
        {
            texts.ReplaceNodes(Paragraphs(Joined(texts)));
        }

        foreach (var link in help.Descendants(Text + "navigationLink").ToList())
        {
            var address = link.Element(Text + "uri")!;
            if (link.Element(Text + "linkText")!.Value == "Online Version" && address.Value.Length == 0)
            {
                link.Remove();
            }
            else if (!address.Value.Contains("://", StringComparison.Ordinal))
            {
                address.RemoveNodes(); // a file beside the markdown is none beside the module
            }
        }

        // PlatyPS sorts as the machine's culture does, which not every machine has.
        foreach (var parameters in help.Descendants(Command + "parameters"))
        {
            parameters.ReplaceNodes(parameters.Elements().OrderBy(parameter => parameter.Element(Text + "name")!.Value, StringComparer.OrdinalIgnoreCase).ToList());
        }

        foreach (var parameter in help.Descendants(Command + "parameter"))
        {
            var position = parameter.Attribute("position")!;
            position.Value = position.Value == "Named" ? "named" : position.Value;
        }

        using var text = new StringWriter { NewLine = "\n" };
        text.WriteLine("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
        text.WriteLine("<!-- Made from docs/cmdlets by the build's word help; edit there. -->");
        text.WriteLine(help.Root!.ToString().ReplaceLineEndings("\n"));
        return text.ToString();
    }

    // The first block of PowerShell is the example's code; what stands before it introduces it, the rest are remarks.
    private static void Split(XElement example)
    {
        var introduction = example.Element(Text + "introduction")!;
        string all = Joined(introduction);
        var code = Fence().Matches(all).FirstOrDefault(fence => fence.Groups["language"].Value == "powershell");
        string before = code is null ? all : all[..code.Index];
        string after = code is null ? "" : all[(code.Index + code.Length)..];
        introduction.ReplaceNodes(Paragraphs(before));
        example.Element(Dev + "code")!.Value = code?.Groups["body"].Value.TrimEnd() ?? "";
        example.Element(Dev + "remarks")!.ReplaceNodes(Paragraphs(after));
    }

    // PlatyPS stands a control character for an empty line.
    private static string Joined(XElement paragraphs)
    {
        var lines = paragraphs.Elements(Text + "para").Select(line => line.Value).ToList();
        return (lines.Contains("\u0080") ? string.Join('\n', lines.Select(line => line == "\u0080" ? "" : line)) : string.Join("\n\n", lines)).ReplaceLineEndings("\n");
    }

    private static IEnumerable<XElement> Paragraphs(string markdown)
    {
        int at = 0;
        foreach (Match fence in Fence().Matches(markdown))
        {
            foreach (var paragraph in Prose(markdown[at..fence.Index]))
            {
                yield return paragraph;
            }

            yield return new XElement(Text + "para", fence.Groups["body"].Value.Trim('\n'));
            at = fence.Index + fence.Length;
        }

        foreach (var paragraph in Prose(markdown[at..]))
        {
            yield return paragraph;
        }
    }

    private static IEnumerable<XElement> Prose(string markdown) =>
        EmptyLines().Split(markdown).Select(paragraph => paragraph.Trim('\n')).Where(paragraph => paragraph.Length > 0)
            .Select(paragraph => new XElement(Text + "para", Plain(KeepsLines().IsMatch(paragraph) ? paragraph : paragraph.Replace('\n', ' '))));

    private static string Plain(string markdown) => Emphasis().Replace(Link().Replace(markdown, "$1"), "$2").Replace("`", "", StringComparison.Ordinal);

    [GeneratedRegex(@"^```(?<language>\w*)\n(?<body>.*?)\n?^```[ ]*$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"\n[ ]*\n")]
    private static partial Regex EmptyLines();

    // Lists and tables.
    [GeneratedRegex(@"^([-*|]|\d+\.)", RegexOptions.Multiline)]
    private static partial Regex KeepsLines();

    [GeneratedRegex(@"\[([^\]]+)\]\([^)]*\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"(\*\*)([^*]+)\*\*")]
    private static partial Regex Emphasis();
}
