using System.Text.RegularExpressions;

namespace FlannelPS.ModuleTests;

/// <summary>What PowerShell expects of the cmdlets' names and of what they do; docs/powershell-checklist.md has the rules and where they come from.</summary>
public sealed partial class CmdletTests
{
    /// <summary>Verbs that only look. Every other verb changes something and has -WhatIf, unless it stands below.</summary>
    private static readonly HashSet<string> Lookers = ["Get", "Test", "Find", "Watch", "Wait", "New", "Import"];

    /// <summary>Looks by its verb, and changes something when asked to.</summary>
    private static readonly Dictionary<string, string> LooksAndChanges = new()
    {
        ["Import-FlannelSubnetEnv"] = "-SetEnvironment sets variables of the process",
    };

    private static readonly Dictionary<string, string> ChangesOnlyTheSession = new()
    {
        ["Connect-FlannelStore"] = "opens a connection of this session; nothing anywhere else changes",
    };

    /// <summary>What cannot be undone by the opposite cmdlet.</summary>
    private static readonly string[] Destructive =
        ["Remove-FlannelLease", "Remove-FlannelNetworkConfig", "Remove-FlannelReservation", "Reset-FlannelNode", "Unregister-FlannelService"];

    [Fact]
    public void The_manifest_exports_exactly_the_cmdlets_there_are()
        => Assert.Equal(Module.Cmdlets.Select(cmdlet => cmdlet.Name), Module.Exports.Order(StringComparer.Ordinal));

    [Fact]
    public void Verbs_are_approved_and_come_from_the_constants()
    {
        var approved = Module.PowerShell.GetTypes().Where(type => type.Namespace == "System.Management.Automation" && type.Name.StartsWith("Verbs", StringComparison.Ordinal))
            .SelectMany(type => type.GetFields()).Select(field => field.GetRawConstantValue() as string).ToHashSet();
        Assert.True(approved.Count > 90, "The lists of verbs were not found.");
        Expect.None(Module.Cmdlets.Where(cmdlet => !approved.Contains(cmdlet.Verb)));
        Expect.None(Repository.Sources().Where(file => VerbAsText().IsMatch(File.ReadAllText(file))));
    }

    [Fact]
    public void Nouns_have_the_prefix_and_are_singular_words()
        => Expect.None(Module.Cmdlets.Where(cmdlet => !Noun().IsMatch(cmdlet.Noun) || (cmdlet.Noun.EndsWith('s') && !cmdlet.Noun.EndsWith("ss", StringComparison.Ordinal))));

    [Fact]
    public void Each_cmdlet_is_a_class_of_its_own_file_with_its_own_name()
    {
        Expect.None(Module.Cmdlets.Where(cmdlet => cmdlet.Type.FullName != $"FlannelPS.Commands.{cmdlet.Verb}{cmdlet.Noun}Command" || !cmdlet.Type.IsPublic || !cmdlet.Type.IsSealed));
        var files = Repository.Sources().Select(file => Path.GetFileNameWithoutExtension(file)).ToHashSet();
        Expect.None(Module.Cmdlets.Where(cmdlet => !files.Contains(cmdlet.Type.Name)));
    }

    [Fact]
    public void Every_cmdlet_says_what_it_writes()
        => Expect.None(Module.Cmdlets.Where(cmdlet => !cmdlet.OutputTypes.Any()));

    [Fact]
    public void Every_change_has_WhatIf_and_Confirm_and_nothing_else_has()
    {
        Expect.None(Module.Cmdlets.Where(cmdlet => !Lookers.Contains(cmdlet.Verb) && !ChangesOnlyTheSession.ContainsKey(cmdlet.Name) && !cmdlet.SupportsShouldProcess));
        Expect.None(Module.Cmdlets.Where(cmdlet => (Lookers.Contains(cmdlet.Verb) || ChangesOnlyTheSession.ContainsKey(cmdlet.Name)) && cmdlet.SupportsShouldProcess != LooksAndChanges.ContainsKey(cmdlet.Name)));
    }

    [Fact]
    public void Only_what_destroys_asks_before_it_is_told_to()
        => Assert.Equal(Destructive, Module.Cmdlets.Where(cmdlet => cmdlet.AsksByDefault).Select(cmdlet => cmdlet.Name));

    [Fact]
    public void Who_says_WhatIf_asks_ShouldProcess()
    {
        var sources = Repository.Sources().ToDictionary(file => Path.GetFileNameWithoutExtension(file), File.ReadAllText);
        var silent = Module.Cmdlets.Where(cmdlet => cmdlet.SupportsShouldProcess)
            .Where(cmdlet => !WithBases(cmdlet.Type).Any(type => sources.TryGetValue(type, out var text) && text.Contains("ShouldProcess(", StringComparison.Ordinal)));
        Expect.None(silent);
    }

    [Fact]
    public void Test_gives_a_Boolean_and_Detailed_the_reasons()
    {
        foreach (var cmdlet in Module.Cmdlets.Where(cmdlet => cmdlet.Verb == "Test"))
        {
            Assert.True(cmdlet.OutputTypes.First().Name == "Boolean", $"{cmdlet} does not name bool first");
            Assert.True(cmdlet.Parameters.Any(parameter => parameter.Name == "Detailed"), $"{cmdlet} has no -Detailed");
        }
    }

    [Fact]
    public void What_writes_nothing_by_default_has_PassThru()
    {
        // Start- returns its node always, New- makes an object; a thing that is gone cannot be passed on, and a unit's text is written unless it goes to a file.
        string[] gone = ["Export-FlannelServiceUnit", "Disconnect-FlannelStore", "Remove-FlannelNetworkConfig", "Remove-FlannelReservation", "Unregister-FlannelService"];
        var silent = Module.Cmdlets.Where(cmdlet => cmdlet.Verb is "Set" or "Add" or "Remove" or "Stop" or "Restart" or "Reset" or "Export" or "Disconnect" or "Unregister")
            .Where(cmdlet => !cmdlet.Parameters.Any(parameter => parameter.Name == "PassThru"));
        Expect.None(silent.Where(cmdlet => !gone.Contains(cmdlet.Name)));
    }

    [Fact]
    public void Output_types_are_of_the_module_and_can_be_named()
    {
        string[] others = ["Void", "Boolean", "String", "Job", "FileInfo"];
        Expect.None(Module.Cmdlets.SelectMany(cmdlet => cmdlet.OutputTypes.Select(type => (cmdlet.Name, type)))
            .Where(pair => pair.type.Assembly == Module.Assembly ? pair.type.Namespace != "FlannelPS" || !pair.type.IsPublic : !others.Contains(pair.type.Name)));
    }

    private static IEnumerable<string> WithBases(Type type)
    {
        for (var at = type; at is not null && at.Assembly == Module.Assembly; at = at.BaseType)
            yield return at.Name;
    }

    [GeneratedRegex(@"\[Cmdlet\(\s*""")]
    private static partial Regex VerbAsText();

    [GeneratedRegex("^Flannel([A-Z][A-Za-z0-9]*)$")]
    private static partial Regex Noun();
}
