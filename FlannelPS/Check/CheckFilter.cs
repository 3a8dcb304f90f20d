using System.Management.Automation;

namespace FlannelPS.Checks;

/// <summary>Chooses checks by name, category and tag; wildcards allowed.</summary>
internal static class CheckFilter
{
    /// <summary>Whether a check is meant.</summary>
    public static bool IsMeant(FlannelCheck check, string[] names, string[] categories, string[] tags, string[] without)
        => Any(names, check.Name) && Any(categories, check.Category) && tags.Any(tag => check.Tag.Any(own => Any([tag], own))) && !without.Any(tag => check.Tag.Any(own => Any([tag], own)));

    private static bool Any(string[] patterns, string text) => Array.Exists(patterns, pattern => WildcardPattern.Get(pattern, WildcardOptions.IgnoreCase).IsMatch(text));
}
