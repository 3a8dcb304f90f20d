using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace FlannelPS.ModuleTests;

/// <summary>The module's assembly, looked at without being loaded: PowerShellStandard.Library has no implementation to run it with.</summary>
internal static partial class Module
{
    private static readonly MetadataLoadContext Context = new(new PathAssemblyResolver(References()), typeof(object).Assembly.GetName().Name);

    /// <summary>FlannelPS.dll.</summary>
    public static Assembly Assembly { get; } = Context.LoadFromAssemblyPath(Built("FlannelPS", "FlannelPS.dll"));

    /// <summary>PowerShell's own assembly, as far as the standard declares it.</summary>
    public static Assembly PowerShell { get; } = Context.LoadFromAssemblyName("System.Management.Automation");

    /// <summary>All cmdlets, in the order of their names.</summary>
    public static IReadOnlyList<CmdletFacts> Cmdlets { get; } =
        [.. Assembly.GetTypes().Where(type => !type.IsAbstract && Attribute(type, "CmdletAttribute") is not null).Select(type => new CmdletFacts(type)).OrderBy(cmdlet => cmdlet.Name, StringComparer.Ordinal)];

    /// <summary>The types that cmdlets say they write, as far as they are the module's own.</summary>
    public static IReadOnlyList<Type> OutputTypes { get; } =
        [.. Cmdlets.SelectMany(cmdlet => cmdlet.OutputTypes).Where(type => type.Assembly == Assembly).Distinct().OrderBy(type => type.Name, StringComparer.Ordinal)];

    /// <summary>The names that the manifest exports.</summary>
    public static IReadOnlyList<string> Exports { get; } =
        [.. Quoted().Matches(CmdletsToExport().Match(Repository.Read("FlannelPS.psd1")).Groups[1].Value).Select(match => match.Groups[1].Value)];

    /// <summary>One attribute of a member, by its class; null where it has none.</summary>
    public static CustomAttributeData? Attribute(MemberInfo member, string name) => Attributes(member, name).FirstOrDefault();

    /// <summary>All attributes of that class.</summary>
    public static IEnumerable<CustomAttributeData> Attributes(MemberInfo member, string name)
        => member.GetCustomAttributesData().Where(attribute => attribute.AttributeType.Name == name);

    /// <summary>A named argument of an attribute.</summary>
    public static T Argument<T>(CustomAttributeData attribute, string name, T otherwise)
        => attribute.NamedArguments.Where(argument => argument.MemberName == name).Select(argument => (T)argument.TypedValue.Value!).DefaultIfEmpty(otherwise).First();

    private static string Built(string project, string file) => Repository.PathOf(project, "bin", Repository.Metadata("Configuration"), "net8.0", file);

    private static IEnumerable<string> References()
        => new[] { RuntimeEnvironment.GetRuntimeDirectory(), Path.GetDirectoryName(Built("FlannelPS.Engine", "."))!, Repository.Metadata("PowerShellStandard") }
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.dll")).DistinctBy(Path.GetFileName);

    [GeneratedRegex(@"CmdletsToExport\s*=\s*@\(([^)]*)\)")]
    private static partial Regex CmdletsToExport();

    [GeneratedRegex("'([^']+)'")]
    private static partial Regex Quoted();
}
