using System.Collections;
using System.Management.Automation;
using FlannelPS.Engine.Backends;

namespace FlannelPS.Commands;

/// <summary>Makes the backend part of a network configuration.</summary>
[Cmdlet(VerbsCommon.New, "FlannelBackend")]
[OutputType(typeof(FlannelBackend))]
public sealed class NewFlannelBackendCommand : FlannelCommand
{
    private static readonly string[] Typed = ["VNI", "Port", "MTU", "DirectRouting", "Learning", "GBP"];

    /// <summary>Which backend.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(BackendTypeCompleter))]
    [ValidateNotNullOrEmpty]
    public string Type { get; set; } = "vxlan";

    /// <summary>vxlan: the network identifier.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public int VNI { get; set; }

    /// <summary>vxlan, udp: the UDP port.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public int Port { get; set; }

    /// <summary>vxlan, wireguard: bytes of the outer packet.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public int MTU { get; set; }

    /// <summary>vxlan, ipip: hosts on the same link are reached without a tunnel.</summary>
    [Parameter]
    public SwitchParameter DirectRouting { get; set; }

    /// <summary>vxlan: the device learns addresses from packets.</summary>
    [Parameter]
    public SwitchParameter Learning { get; set; }

    /// <summary>vxlan: packets carry a group policy.</summary>
    [Parameter]
    public SwitchParameter GBP { get; set; }

    /// <summary>Options of backends that only flannel itself has, by name.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Options")]
    [ValidateNotNull]
    public IDictionary? Option { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var type = Type.Trim().ToLowerInvariant();
        var options = new Hashtable(StringComparer.OrdinalIgnoreCase);
        var json = $"{{\"Type\":{OptionJson.Of(type)}";
        var given = Typed.Where(MyInvocation.BoundParameters.ContainsKey).Select(name => (name, MyInvocation.BoundParameters[name])).ToList();
        foreach (var (name, value) in given.Concat(Option is null ? [] : Option.Cast<DictionaryEntry>().Select(entry => (entry.Key.ToString() ?? "", entry.Value!))))
        {
            if (OptionJson.Of(value) is not { } text || name.Length == 0)
            {
                WriteError(FlannelError.NetworkConfigInvalid.Record($"The value of option '{name}' is neither text, number, true, false, a list nor a table of these.", type));
                return;
            }
            if (options.ContainsKey(name))
            {
                WriteError(FlannelError.ParameterConflict.Record($"The option {name} is given twice.", type));
                return;
            }
            options[name] = value;
            json += $",{OptionJson.Of(name)}:{text}";
        }
        var backend = FlannelBackend.Make(json + "}", out var problem, out var warning);
        var foreign = given.Select(item => item.name).FirstOrDefault(name => OriginalBackends.Has(type) && !OriginalBackends.OptionsOf(type).Contains(name));
        if (backend is null || foreign is not null)
        {
            WriteError(FlannelError.NetworkConfigInvalid.Record(
                $"The backend is not usable: {(backend is null ? problem.TrimEnd('.') : $"backend {type} has no option '{foreign}'; it has {string.Join(", ", OriginalBackends.OptionsOf(type))}")}.", type));
            return;
        }
        if (warning.Length > 0)
            WriteWarning($"{char.ToUpperInvariant(warning[0])}{warning[1..]}.");
        WriteObject(backend);
    }
}
