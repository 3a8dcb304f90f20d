using System.Management.Automation;
using FlannelPS.Checks;

namespace FlannelPS.Commands;

/// <summary>Lists the checks there are, with what each looks at.</summary>
[Cmdlet(VerbsCommon.Get, "FlannelCheck")]
[OutputType(typeof(FlannelCheck))]
public sealed class GetFlannelCheckCommand : FlannelCommand
{
    /// <summary>Checks by name; wildcards allowed.</summary>
    [Parameter(Position = 0)]
    [ArgumentCompleter(typeof(CheckCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Checks by category; wildcards allowed.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(CheckCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Category { get; set; } = ["*"];

    /// <summary>Checks that have one of these tags; wildcards allowed.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(CheckCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Tag { get; set; } = ["*"];

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var all = CheckList.All().Select(check => check.About).ToList();
        foreach (var check in all.Where(check => CheckFilter.IsMeant(check, Name, Category, Tag, [])))
            WriteObject(check);
        foreach (var name in Name.Where(name => !WildcardPattern.ContainsWildcardCharacters(name) && !all.Exists(check => check.Name.Equals(name, StringComparison.OrdinalIgnoreCase))))
            WriteError(FlannelError.CheckNotFound.Record($"There is no check '{name}'.", name));
    }
}
