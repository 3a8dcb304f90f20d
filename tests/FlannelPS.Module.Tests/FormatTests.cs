using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace FlannelPS.ModuleTests;

/// <summary>The views of the format file, as far as they can be read without a host to show them.</summary>
public sealed partial class FormatTests
{
    private static readonly XDocument Format = XDocument.Parse(Repository.Read("FlannelPS.format.ps1xml"));

    private static IEnumerable<(string Type, XElement View)> Views
        => Format.Descendants("View").SelectMany(view => view.Element("ViewSelectedBy")!.Elements("TypeName").Select(type => (type.Value, view)));

    [Fact]
    public void Every_output_type_has_a_table_a_list_and_a_wide_view()
    {
        string[] controls = ["TableControl", "ListControl", "WideControl"];
        var expected = Module.OutputTypes.SelectMany(type => controls.Select(control => $"{type.FullName} {control}")).Order(StringComparer.Ordinal);
        var there = Views.SelectMany(view => controls.Where(control => view.View.Element(control) is not null).Select(control => $"{view.Type} {control}")).Order(StringComparer.Ordinal);
        Assert.Equal(expected, there);
    }

    [Fact]
    public void Views_name_only_properties_there_are()
    {
        var wrong = from view in Views
                    let type = Module.Assembly.GetType(view.Type)
                    let properties = type?.GetProperties().Select(property => property.Name).ToHashSet() ?? []
                    from name in view.View.Descendants("PropertyName").Select(item => item.Value).Concat(view.View.Descendants("ScriptBlock").SelectMany(item => Used().Matches(item.Value).Select(match => match.Groups[1].Value)))
                    where !properties.Contains(name)
                    select $"{view.Type} has no {name}";
        Expect.None(wrong.Distinct());
    }

    [Fact]
    public void A_list_shows_every_property()
    {
        var hidden = from view in Views
                     where view.View.Element("ListControl") is not null
                     let shown = view.View.Descendants("PropertyName").Select(item => item.Value).Concat(view.View.Descendants("ScriptBlock").SelectMany(item => Used().Matches(item.Value).Select(match => match.Groups[1].Value))).ToHashSet()
                     from property in Module.Assembly.GetType(view.Type)!.GetProperties()
                     // EnableIPv4 is always on, EqualityContract the compiler's own; what is not there is what another property says in words.
                     where !shown.Contains(property.Name) && property.Name is not ("EnableIPv4" or "EqualityContract" or "Uptime")
                     select $"{view.Type}.{property.Name}";
        Expect.None(hidden);
    }

    [Fact]
    public void Tables_fit_a_terminal_of_120_columns()
    {
        var wide = from view in Views
                   where view.View.Element("TableControl") is not null
                   let width = view.View.Descendants("Width").Sum(item => int.Parse(item.Value) + 1)
                   where width > 118
                   select $"{view.Type}: {width}";
        Expect.None(wide);
    }

    [GeneratedRegex(@"\$_\.(\w+)")]
    private static partial Regex Used();
}
