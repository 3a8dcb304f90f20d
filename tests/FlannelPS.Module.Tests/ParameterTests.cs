using System.Text.RegularExpressions;

namespace FlannelPS.ModuleTests;

/// <summary>What PowerShell expects of parameters.</summary>
public sealed partial class ParameterTests
{
    // PowerShell-Docs, required development guidelines RD03; and the common parameters themselves.
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "SelectProperty", "SelectObject", "Confirm", "WhatIf", "Debug", "ErrorAction", "ErrorVariable", "OutBuffer", "OutVariable", "Verbose", "WarningAction", "WarningVariable",
        "InformationAction", "InformationVariable", "PipelineVariable", "ProgressAction", "UseTransaction",
    };

    /// <summary>AsPrometheus is a name, EnableNFTables another; ForwardRules and StrictPeers are the flags' own words (iptables-forward-rules, strict-peers) and name one thing to switch.</summary>
    private static readonly string[] PluralWords = ["AsPrometheus", "EnableNFTables", "ForwardRules", "StrictPeers"];

    /// <summary>A name that has two types, and why it must.</summary>
    private static readonly Dictionary<string, string> SeveralTypes = new()
    {
        ["PublicIP"] = "an address where one is set, a pattern over addresses where leases are chosen",
        ["InputObject"] = "the object that the cmdlet is about",
        ["State"] = "a pattern where something is chosen; one of three states where it is waited for",
    };

    /// <summary>Texts that stay texts, and why there is no type that says more.</summary>
    private static readonly Dictionary<string, string> Texts = new()
    {
        ["Prefix"] = "a path of keys in the store",
        ["Key"] = "a key in the store, from a lease that cannot be read otherwise",
        ["Path"] = "a path; the session resolves it",
        ["LiteralPath"] = "a path; the session resolves it",
        ["CACertificatePath"] = "a path; the session resolves it",
        ["CertificatePath"] = "a path; the session resolves it",
        ["KeyPath"] = "a path; the session resolves it",
        ["ConfigPath"] = "a path; the session resolves it",
        ["EnvironmentFile"] = "a path; systemd reads it",
        ["SubnetFile"] = "a path; the session resolves it, or the CNI plugin reads it on its host",
        ["DataDirectory"] = "a path; the CNI plugin uses it on its host",
        ["ModulePath"] = "a path on the host that the unit is for",
        ["ProgramPath"] = "a path on the host that the unit is for",
        ["Name"] = "a name, or a pattern over names",
        ["State"] = "a pattern over states, which later versions may have more of",
        ["Metric"] = "a pattern over the daemon's metrics",
        ["Subnet"] = "a subnet, a network around it or a pattern; IPNetwork would take host bits without a word or refuse them without a reason",
        ["IPv6Subnet"] = "as Subnet",
        ["Network"] = "as Subnet: host bits are told with the network that is meant",
        ["IPv6Network"] = "as Subnet",
        ["NoMasqueradePrefix"] = "as Subnet",
        ["DestinationPrefix"] = "a prefix or a pattern",
        ["PublicIP"] = "an address or a pattern over addresses",
        ["BackendType"] = "a pattern over backends, other people's too",
        ["Type"] = "a backend, also one that only other versions of flannel have",
        ["Interface"] = "an interface by its name or one of its addresses",
        ["InterfaceRegex"] = "an expression that the daemon reads",
        ["SocketGroup"] = "a group of the host by its name",
        ["Check"] = "a check's name, or a pattern over names",
        ["Category"] = "a pattern over categories, which later versions may have more of",
        ["Tag"] = "a pattern over tags",
        ["ExcludeTag"] = "as Tag",
        ["OutputFile"] = "a path; the session resolves it",
        ["CombinedKey"] = "the name of a variable",
        ["ComputerName"] = "a host by its name, an alias or an address, as ssh takes it",
        ["UserName"] = "a user of another computer",
        ["KeyFilePath"] = "a path; the session resolves it",
    };

    private static IEnumerable<(CmdletFacts Cmdlet, ParameterFacts Parameter)> All
        => Module.Cmdlets.SelectMany(cmdlet => cmdlet.Parameters.Select(parameter => (cmdlet, parameter)));

    [Fact]
    public void Names_are_words_in_Pascal_case_and_none_is_reserved()
    {
        Expect.None(All.Where(pair => !Word().IsMatch(pair.Parameter.Name)));
        Expect.None(All.Where(pair => pair.Parameter.Aliases.Append(pair.Parameter.Name).Any(Reserved.Contains)));
    }

    [Fact]
    public void Names_are_singular_also_for_lists()
        => Expect.None(All.Where(pair => pair.Parameter.Name.EndsWith('s') && !pair.Parameter.Name.EndsWith("ss", StringComparison.Ordinal) && !pair.Parameter.Name.EndsWith("Seconds", StringComparison.Ordinal)
            && !PluralWords.Contains(pair.Parameter.Name)));

    [Fact]
    public void A_name_has_the_same_type_everywhere()
    {
        var several = All.GroupBy(pair => pair.Parameter.Name).Where(group => group.Select(pair => pair.Parameter.TypeName.TrimEnd('?').Replace("[]", "", StringComparison.Ordinal)).Distinct().Count() > 1)
            .ToDictionary(group => group.Key, group => string.Join(", ", group.Select(pair => $"{pair.Cmdlet} {pair.Parameter}")));
        Expect.None(several.Where(item => !SeveralTypes.ContainsKey(item.Key)).Select(item => item.Value));
        Expect.None(SeveralTypes.Keys.Where(name => !several.ContainsKey(name)));
    }

    [Fact]
    public void A_switch_is_a_switch()
        => Expect.None(All.Where(pair => pair.Parameter.TypeName.TrimEnd('?', '[', ']') == "Boolean" && pair.Parameter.TypeName != "Boolean?"));

    [Fact]
    public void What_has_a_type_of_its_own_is_no_text()
    {
        var texts = All.Where(pair => pair.Parameter.TypeName is "String" or "String[]" && Module.Attribute(pair.Parameter.Property, "ValidateSetAttribute") is null).ToList();
        Expect.None(texts.Where(pair => !Texts.ContainsKey(pair.Parameter.Name)).Select(pair => $"{pair.Cmdlet} {pair.Parameter}"));
        Expect.None(Texts.Keys.Where(name => texts.All(pair => pair.Parameter.Name != name)));
        Expect.None(All.Where(pair => pair.Parameter.TypeName is "Object" or "PSObject"));
    }

    [Fact]
    public void Secrets_come_as_credentials()
    {
        Expect.None(All.Where(pair => Secret().IsMatch(pair.Parameter.Name) && pair.Parameter.TypeName is not ("PSCredential" or "SecureString") && !pair.Parameter.Name.EndsWith("Path", StringComparison.Ordinal)));
        Expect.None(All.Where(pair => pair.Parameter.TypeName == "PSCredential" && Module.Attribute(pair.Parameter.Property, "CredentialAttribute") is null));
    }

    [Fact]
    public void Times_to_wait_are_whole_seconds()
    {
        Expect.None(All.Where(pair => pair.Parameter.Name.Contains("Timeout", StringComparison.Ordinal) && (pair.Parameter.Name != "TimeoutSeconds" || pair.Parameter.TypeName != "Int32")));
        Expect.None(All.Where(pair => pair.Parameter.Name == "TimeoutSeconds" && !pair.Parameter.Aliases.Contains("TimeoutSec")));
        // A plain number for a TimeSpan would be units of 100 ns.
        Expect.None(All.Where(pair => pair.Parameter.TypeName.StartsWith("TimeSpan", StringComparison.Ordinal) && Module.Attribute(pair.Parameter.Property, "SecondsAttribute") is null));
    }

    [Fact]
    public void One_parameter_of_a_set_at_most_takes_the_objects_of_the_pipeline()
        => Expect.None(Module.Cmdlets.SelectMany(cmdlet => cmdlet.Parameters.SelectMany(parameter => parameter.SetsByValue).GroupBy(set => set).Where(group => group.Count() > 1).Select(group => $"{cmdlet} {group.Key}")));

    [Fact]
    public void Aliases_never_hide_another_parameter()
        => Expect.None(Module.Cmdlets.SelectMany(cmdlet => cmdlet.Parameters.SelectMany(parameter => parameter.Aliases.Append(parameter.Name)).GroupBy(name => name, StringComparer.OrdinalIgnoreCase)
            .Where(group => group.Count() > 1).Select(group => $"{cmdlet} -{group.Key}")));

    [Fact]
    public void No_parameter_has_a_type_that_only_the_engine_knows()
        => Expect.None(All.Where(pair => IsOfEngine(pair.Parameter.Type)));

    private static bool IsOfEngine(Type type)
        => type.HasElementType ? IsOfEngine(type.GetElementType()!) : type.Namespace?.StartsWith("FlannelPS.Engine", StringComparison.Ordinal) == true || type.GetGenericArguments().Any(IsOfEngine);

    [GeneratedRegex("^[A-Z][A-Za-z0-9]*$")]
    private static partial Regex Word();

    [GeneratedRegex("Password|Secret|Token|Passphrase|Credential|ApiKey")]
    private static partial Regex Secret();
}
