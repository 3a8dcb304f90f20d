using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

/// <summary>What a package has beside the module's own files.</summary>
internal static partial class Nupkg
{
    /// <summary>The specification, from the module's manifest, and the two parts that the package format asks for.</summary>
    public static IEnumerable<KeyValuePair<string, byte[]>> Parts(string version, string manifest, IEnumerable<string> files)
    {
        var cmdlets = Quoted().Matches(Array(manifest, "CmdletsToExport")).Select(match => match.Groups[1].Value).ToList();
        string tags = string.Join(' ', Quoted().Matches(Array(manifest, "Tags")).Select(match => match.Groups[1].Value)
            .Concat(["PSModule", "PSIncludes_Cmdlet"]).Concat(cmdlets.Select(name => "PSCmdlet_" + name)).Concat(cmdlets.Select(name => "PSCommand_" + name)));
        XNamespace nuspec = "http://schemas.microsoft.com/packaging/2011/08/nuspec.xsd";
        yield return Part("FlannelPS.nuspec", new XElement(nuspec + "package", new XElement(nuspec + "metadata",
            new XElement(nuspec + "id", "FlannelPS"),
            new XElement(nuspec + "version", version),
            new XElement(nuspec + "authors", Text(manifest, "Author")),
            new XElement(nuspec + "owners", Text(manifest, "CompanyName")),
            new XElement(nuspec + "requireLicenseAcceptance", "false"),
            new XElement(nuspec + "licenseUrl", Text(manifest, "LicenseUri")),
            new XElement(nuspec + "description", Text(manifest, "Description")),
            new XElement(nuspec + "releaseNotes", Text(manifest, "ReleaseNotes")),
            new XElement(nuspec + "copyright", Text(manifest, "Copyright")),
            new XElement(nuspec + "tags", tags))));

        XNamespace types = "http://schemas.openxmlformats.org/package/2006/content-types";
        var names = files.Append("_rels/.rels").Append("FlannelPS.nuspec").ToList();
        yield return Part("[Content_Types].xml", new XElement(types + "Types",
            names.Select(name => Path.GetExtension(name)[Math.Min(Path.GetExtension(name).Length, 1)..]).Where(extension => extension.Length > 0).Distinct().Order(StringComparer.Ordinal)
                .Select(extension => new XElement(types + "Default", new XAttribute("Extension", extension),
                    new XAttribute("ContentType", extension == "rels" ? "application/vnd.openxmlformats-package.relationships+xml" : "application/octet"))),
            names.Where(name => Path.GetExtension(name).Length == 0).Order(StringComparer.Ordinal)
                .Select(name => new XElement(types + "Override", new XAttribute("PartName", "/" + Escape(name)), new XAttribute("ContentType", "application/octet")))));

        XNamespace relations = "http://schemas.openxmlformats.org/package/2006/relationships";
        yield return Part("_rels/.rels", new XElement(relations + "Relationships", new XElement(relations + "Relationship",
            new XAttribute("Type", "http://schemas.microsoft.com/packaging/2010/07/manifest"), new XAttribute("Target", "/FlannelPS.nuspec"), new XAttribute("Id", "R0"))));
    }

    /// <summary>A name in the package is part of an address.</summary>
    public static string Escape(string name) =>
        name == "[Content_Types].xml" ? name : string.Join('/', name.Split('/').Select(Uri.EscapeDataString));

    private static KeyValuePair<string, byte[]> Part(string name, XElement content) =>
        new(name, Encoding.UTF8.GetBytes($"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{content.ToString().ReplaceLineEndings("\n")}\n"));

    private static string Text(string manifest, string key) => Regex.Match(manifest, $@"\b{key}\s*=\s*'((?:[^']|'')*)'").Groups[1].Value.Replace("''", "'", StringComparison.Ordinal);

    private static string Array(string manifest, string key) => Regex.Match(manifest, $@"\b{key}\s*=\s*@\(([^)]*)\)").Groups[1].Value;

    [GeneratedRegex("'([^']+)'")]
    private static partial Regex Quoted();
}
